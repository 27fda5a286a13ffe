package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// demoOf starts the demo, without a terminal, and waits until it says who may
// sign in where.
func demoOf(t *testing.T, args ...string) (cmd *exec.Cmd, out *output, page, password string) {
	t.Helper()
	out = &output{}
	cmd = exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], append([]string{"demo", "--bookings", "120"}, args...)...) // #nosec G204 -- our own test binary
	cmd.Env = append(os.Environ(), "WEIR_TEST_BE_WEIR=1", "HOME="+t.TempDir(), "TMPDIR="+t.TempDir(), "WEIR_DATABASE_URL=")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	login := regexp.MustCompile(`(?s)(http://127\.0\.0\.1:\d+/flows/\d+)\n.*password +(\S+)\n.*Ctrl-C ends the demo`)
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if found := login.FindStringSubmatch(out.String()); found != nil {
			return cmd, out, found[1], found[2]
		}
	}
	t.Fatalf("the demo does not come to its end: %s", out)
	return nil, nil, "", ""
}

// signedInAt is the page as a browser shows it after the sign-in to which it leads.
func signedInAt(t *testing.T, page, email, password string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"email": {email}, "password": {password}, "next": {at.Path}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+at.Host+"/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "http://"+at.Host)
	res, err := (&http.Client{Jar: jar}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Request.URL.Path != at.Path {
		t.Fatalf("the sign-in leads to %s, which answers %d: %s", res.Request.URL, res.StatusCode, body)
	}
	return string(body)
}

func TestTheDemoEndsOnThePageOfAFinishedFlow(t *testing.T) {
	cmd, out, page, password := demoOf(t)
	_, after, _ := strings.Cut(out.String(), "with its files in ")
	dir, _, _ := strings.Cut(after, ".\n")
	if _, err := os.Stat(dir); err != nil {
		t.Fatal(err)
	}
	if shown := signedInAt(t, page, "demo@example.com", password); strings.Count(shown, "/runs/") < 3 || !strings.Contains(shown, "succeeded") {
		t.Errorf("the page shows no finished runs: %s", shown)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("its files are left in %s: %v\n%s", dir, err, out)
	}
}

func TestADemoInADirectoryOfItsOwnIsSeenAgain(t *testing.T) {
	dir := t.TempDir()
	cmd, out, _, password := demoOf(t, "--dir", dir)
	if err := cmd.Process.Kill(); err != nil { // as a power cut would end it
		t.Fatal(err)
	}
	_ = cmd.Wait()                                                              // it was killed
	again := exec.CommandContext(t.Context(), os.Args[0], "demo", "--dir", dir) // #nosec G204 -- our own test binary
	again.Env = append(os.Environ(), "WEIR_TEST_BE_WEIR=1")
	if said, err := again.CombinedOutput(); err == nil || !bytes.Contains(said, []byte("is not empty")) {
		t.Errorf("a second demo in the same directory: %v, %s", err, said)
	}
	s := &service{T: t, dir: dir + "/weir", home: t.TempDir(), out: &output{}, listen: "127.0.0.1:0"}
	s.start()
	_, flow, _ := strings.Cut(out.String(), "/flows/")
	flow, _, _ = strings.Cut(flow, "\n")
	if shown := signedInAt(t, s.url+"/flows/"+flow, "demo@example.com", password); !strings.Contains(shown, "Bookings of the demo") {
		t.Errorf("the server does not show the demo's flow: %s", shown)
	}
}
