package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/weirhq/weir/internal/simulator"
)

// TestMain lets the test binary be the program: scripts run `weir`, and the
// kill tests start it as a process that can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("WEIR_TEST_BE_WEIR") == "1" {
		main()
		return
	}
	testscript.Main(m, map[string]func(){"weir": main})
}

// TestCommandsDoWhatTheManualSays plays testdata/script, each file a page of
// the manual. The command `simulator [bookings [limit [faults]]]` starts a
// simulated Cal.com, with the faults of a file, and sets $URL, $KEY, $EXPIRED
// and $MEMBER; `server URL` starts a Weir server on it; `between [N]` puts a
// witness before it, which lets N changes through, and `changes` prints what it
// saw of them; `exits N weir …` checks the exit code; `sqlite FILE STATEMENT`
// prints what a statement yields; `manual DOCUMENT FILE` writes a document's
// first example.
func TestCommandsDoWhatTheManualSays(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_DATA_HOME", env.WorkDir+"/share")
			env.Setenv("GORACE", os.Getenv("GORACE"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"simulator": startSimulator,
			"badserver": startBadServer,
			"server":    startServer,
			"between":   putBetween,
			"changes":   listChanges,
			"manual":    copyExample,
			"exits":     exits,
			"sqlite":    sqlite,
		},
	})
}

func startSimulator(ts *testscript.TestScript, neg bool, args []string) {
	options := simulator.Options{Bookings: number(ts, args, 0, 300), Seed: 1, RateLimit: number(ts, args, 1, 120)}
	if len(args) > 2 {
		var err error
		options.Faults, err = simulator.LoadFaults(ts.MkAbs(args[2]))
		ts.Check(err)
	}
	sim, err := simulator.New(options)
	ts.Check(err)
	server := httptest.NewServer(sim)
	ts.Defer(server.Close)
	ts.Setenv("URL", server.URL)
	for _, k := range sim.Keys() {
		ts.Setenv(strings.ToUpper(strings.ReplaceAll(k.Name, "-", "_")), k.Key)
	}
	ts.Setenv("KEY", sim.Keys()[0].Key)
}

// exits runs a command and checks the code it exits with.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG…]")
	}
	want, got := number(ts, args, 0, 0), 0
	err := ts.Exec(args[1], args[2:]...)
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("it exited with %d, want %d", got, want)
	}
}

// sqlite runs a statement in a database and prints the rows.
func sqlite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite FILE STATEMENT")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer func() { _ = db.Close() }()
	rows, err := db.Query(args[1])
	ts.Check(err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	ts.Check(err)
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(sql.NullString)
		}
		ts.Check(rows.Scan(values...))
		for _, v := range values {
			_, err := fmt.Fprint(ts.Stdout(), v.(*sql.NullString).String, " ")
			ts.Check(err)
		}
		_, err := fmt.Fprintln(ts.Stdout())
		ts.Check(err)
	}
	ts.Check(rows.Err())
}

func number(ts *testscript.TestScript, args []string, i, otherwise int) int {
	if len(args) <= i {
		return otherwise
	}
	n, err := strconv.Atoi(args[i])
	ts.Check(err)
	return n
}
