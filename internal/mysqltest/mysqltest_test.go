package mysqltest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if os.Getenv("MYSQLTEST_CHILD") == "" {
		os.Exit(m.Run())
	}
	s, err := startServer()
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(s.socket + "\n")
	select {} // until killed
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	for range 2 {
		db := New(t).Open(t, nil)
		if _, err := db.Exec(`CREATE TABLE thing (id int)`); err != nil {
			t.Error(err)
		}
	}
}

func TestServerAndFilesGoWhenTheTestBinaryIsKilled(t *testing.T) {
	New(t)                          // skips where there is no MariaDB
	cmd := exec.Command(os.Args[0]) // #nosec G204 -- ourselves
	cmd.Env = append(os.Environ(), "MYSQLTEST_CHILD=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	socket := string(line[:n-1])
	if _, err := os.Stat(socket); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // killed
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if _, err := os.Stat(socket); os.IsNotExist(err) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s is still there", socket)
		case <-again.C:
		}
	}
}
