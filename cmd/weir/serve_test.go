package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"

	"github.com/weirhq/weir/internal/simulator"
)

// service is `weir serve` as a process of its own.
type service struct {
	*testing.T
	dir     string
	sim     *simulator.Simulator
	simURL  string
	home    string
	process *exec.Cmd
	listen  string
	url     string
	out     *output
	session string
	// database is the store's address; "" for a SQLite file in dir.
	database string
	extra    []string // more to say when it starts
}

// output is what a process printed so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func newService(t *testing.T, bookings int, extra ...string) *service {
	return newServiceOn(t, bookings, "", extra...)
}

func newServiceOn(t *testing.T, bookings int, database string, extra ...string) *service {
	t.Helper()
	sim, err := simulator.New(simulator.Options{Bookings: bookings, Seed: 3, RateLimit: 120})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	s := &service{T: t, dir: t.TempDir(), home: t.TempDir(), sim: sim, simURL: server.URL, out: &output{}, listen: "127.0.0.1:0", database: database, extra: extra}
	s.start()
	return s
}

// start starts the server and waits until it is ready.
func (s *service) start() {
	s.Helper()
	s.process = s.command("--log-level", "debug", "serve", "--data", s.dir, "--listen", s.listen, "--calcom-url", s.simURL)
	s.process.Args = append(s.process.Args, s.extra...)
	before := len(s.out.String())
	s.process.Stdout, s.process.Stderr = s.out, s.out
	if err := s.process.Start(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(s.kill)
	ctx, cancel := context.WithTimeout(s.Context(), 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if _, after, found := strings.Cut(s.out.String()[before:], "Weir listens on "); found && strings.Contains(after, "\n") {
			s.url, _, _ = strings.Cut(after, "\n")
			s.listen = strings.TrimPrefix(s.url, "http://") // the same after a restart
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.Fatalf("the server does not start: %s", s.out)
}

// kill ends the process as a power cut would.
func (s *service) kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait() // it was killed
}

// command is weir with a home of its own and no key in its environment.
func (s *service) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.WithoutCancel(s.Context()), os.Args[0], args...) // #nosec G204 -- our own test binary
	cmd.Env = append(os.Environ(), "WEIR_TEST_BE_WEIR=1", "HOME="+s.home, "XDG_CONFIG_HOME=", "XDG_DATA_HOME=", "CAL_API_KEY=", "WEIR_URL="+s.url, "WEIR_DATABASE_URL="+s.database)
	return cmd
}

// weir runs a command to its end.
func (s *service) weir(env []string, args ...string) string {
	s.Helper()
	cmd := s.command(append([]string{"--log-level", "debug"}, args...)...)
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

const (
	servicePassword = "correct horse battery staple"
	slackToken      = "T01234567/B01234567/aVerySecretPartOfIt"
)

// setup makes the first user, with a service key in the home directory.
func (s *service) setup() (token string) {
	s.Helper()
	var after string
	for end := time.Now().Add(20 * time.Second); !strings.Contains(after, "\n") && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		_, after, _ = strings.Cut(s.out.String(), "setup token: ")
	}
	token, _, _ = strings.Cut(after, "\n")
	s.weir([]string{"WEIR_SETUP_TOKEN=" + token, "WEIR_PASSWORD=" + servicePassword}, "setup", "--email", "ada@example.com", "--name", "Ada")
	return token
}

// serviceKey is the key that setup left in the home directory.
func (s *service) serviceKey() string {
	s.Helper()
	content, err := os.ReadFile(filepath.Join(s.home, ".config", "weir", "login.json"))
	if err != nil {
		s.Fatal(err)
	}
	var login struct {
		Server, Key string
	}
	if err := json.Unmarshal(content, &login, json.MatchCaseInsensitiveNames(true)); err != nil {
		s.Fatal(err)
	}
	return login.Key
}

func (s *service) key() string { return s.sim.Keys()[0].Key }

// Everything that a server was trusted with is looked for in everything that
// it leaves and answers: outputs at debug level, its files and their names, its
// arguments and environment, every answer of its API, and a backup.
func TestWhatAServerIsTrustedWithAppearsNowhere(t *testing.T) {
	s := newService(t, 60)
	setup := s.setup()
	said := s.weir([]string{"CAL_API_KEY=" + s.key()}, "credentials", "add", "Ours")
	said += s.weir(nil, "credentials", "add", "Lake", "--kind", "sqlite", "--set", "path=cal.db")
	said += s.weir(nil, "sources", "add", "Bookings", "--credential", "1", "--endpoint", "bookings")
	said += s.weir(nil, "destinations", "add", "Tables", "--dataset", "4", "--credential", "2")
	said += s.weir(nil, "destinations", "activate", "5")
	said += s.weir(nil, "sources", "run", "3")
	said += s.weir(nil, "credentials", "check", "1")
	channel := s.post("/notification_channel_settings", map[string]any{"channel": "SLACK", "config": map[string]any{"webhook_url": s.simURL + "/services/" + slackToken}})
	tested, _ := s.command("--log-level", "debug", "notifications", "test", fmt.Sprint(channel["id"])).CombinedOutput() // there is no Slack
	said += string(tested)
	bad := s.command("credentials", "add", "Bad")
	bad.Env = append(bad.Env, "CAL_API_KEY="+s.sim.Keys()[1].Key)
	refused, _ := bad.CombinedOutput()
	said += string(refused)
	said += s.weir([]string{"XDG_DATA_HOME=" + s.dir}, "backup", "create", "--data", s.dir, filepath.Join(s.dir, "copy.weir"))
	channels := map[string][]byte{"the server's output": []byte(s.out.String()), "the commands' output": []byte(said)}
	for _, name := range []string{"cmdline", "environ"} {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.process.Process.Pid, name))
		if err == nil { // elsewhere than on Linux there is none
			channels[name] = content
		}
	}
	for path, text := range s.everyAnswer() {
		channels["GET "+path] = text
	}
	for what, text := range s.everyRefusal() {
		channels["the refusal of "+what] = text
	}
	s.weir(nil, "audit", "verify", "--data", s.dir)
	s.dump()
	channels["the dump of all goroutines"] = []byte(s.out.String())
	channels["the backup, unpacked"] = unpacked(t, filepath.Join(s.dir, "copy.weir"))
	err := filepath.WalkDir(s.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Base(path) == "root.key" {
			return err
		}
		content, err := os.ReadFile(path)
		channels[path] = append(content, path...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(channels) < 60 {
		t.Errorf("only %d channels were searched", len(channels))
	}
	root, err := os.ReadFile(filepath.Join(s.dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	bare, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(root)))
	if err != nil {
		t.Fatal(err)
	}
	for what, secret := range map[string]string{"the Cal.com key": s.key(), "the refused key": s.sim.Keys()[1].Key, "the session": s.session, "the root key": strings.TrimSpace(string(root)), "the root key's bytes": string(bare)} {
		secret = secret[strings.LastIndex(secret, "_")+1:]
		for where, content := range channels {
			for i := range len(secret) - 7 {
				search(t, what+" in "+where, content, map[string][]byte{"eight bytes of it": []byte(secret[i : i+8])})
			}
		}
	}
	for what, secret := range map[string]string{"the root key": strings.TrimSpace(string(root)), "the root key's bytes": string(bare), "the Cal.com key": s.key(), "the refused key": s.sim.Keys()[1].Key, "the password": servicePassword, "the service key": s.serviceKey(), "the session": s.session, "the address of Slack": slackToken} {
		needles := encodings(secret)
		for where, content := range channels {
			search(t, what+" in "+where, content, needles)
		}
	}
	delete(channels, "the server's output") // it prints the setup token: that is its purpose
	delete(channels, "the dump of all goroutines")
	for where, content := range channels {
		search(t, "the setup token in "+where, content, map[string][]byte{"raw": []byte(setup)})
	}
	t.Logf("%d channels", len(channels)+2)
}

// everyAnswer asks every route that only reads.
func (s *service) everyAnswer() map[string][]byte {
	s.Helper()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(s.ask("POST", "/token", "Basic "+s.serviceKey()), &token); err != nil {
		s.Fatal(err)
	}
	s.session = token.AccessToken
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(s.ask("GET", "/openapi.json", ""), &doc); err != nil {
		s.Fatal(err)
	}
	ids := map[string]string{"data_credentials": "1", "data_sources": "3", "data_sets": "4", "data_sinks": "5", "notification_channel_settings": "6"}
	answers := map[string][]byte{}
	for path, methods := range doc.Paths {
		if methods["get"] == nil {
			continue
		}
		noun := strings.Split(path, "/")[1]
		id := ids[noun]
		if id == "" {
			id = "1"
		}
		at := strings.NewReplacer("{id}", id, "{run_id}", "1").Replace(path)
		if strings.HasSuffix(at, "/events") {
			continue // it goes on: what it shows, GET /runs shows
		}
		answers[at] = s.ask("GET", at, "Bearer "+s.session)
	}
	return answers
}

// everyRefusal pastes the key where it does not belong, and gives what is said
// to that.
func (s *service) everyRefusal() map[string][]byte {
	s.Helper()
	refusals := map[string][]byte{}
	for what, body := range map[string]string{
		"a key in a name of a field": `{"name":"x","credentials_type":"cal_com_api","credentials":{"` + s.key() + `":"x"}}`,
		"a key as a kind":            `{"name":"x","credentials_type":"` + s.key() + `","credentials":{}}`,
		"a key as an address":        `{"name":"x","credentials_type":"cal_com_api","credentials":{"api_key":"x","base_url":"https://` + s.key() + `@host"}}`,
		"a key that is cut":          `{"name":"x","credentials_type":"cal_com_api","credentials":{"api_key":"` + s.key(),
		"a key in a query":           `{"name":"x","credentials_type":"rest","credentials":{"api_key":"k","base_url":"https://x/?apiKey=` + s.key() + `"}}`,
	} {
		refusals[what] = s.send("POST", "/data_credentials", "Bearer "+s.session, strings.NewReader(body))
	}
	refusals["a key in place of a session"] = s.ask("GET", "/users/current", "Bearer "+s.key())
	refusals["a session that is gone"] = s.ask("GET", "/users/current", "Bearer "+s.session+"x")
	return refusals
}

// dump ends the server with what Go prints of all goroutines.
func (s *service) dump() {
	s.Helper()
	if err := s.process.Process.Signal(syscall.SIGQUIT); err != nil {
		s.Fatal(err)
	}
	if err := s.process.Wait(); err == nil || !strings.Contains(s.out.String(), "goroutine ") {
		s.Errorf("nothing was dumped: %v", err)
	}
}

// unpacked is a backup without its compression.
func unpacked(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // only read
	z, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	content, err := io.ReadAll(z)
	if err != nil || !bytes.Contains(content, []byte("SQLite format 3")) {
		t.Fatalf("the backup holds no database: %v", err)
	}
	return content
}

func (s *service) ask(method, path, proof string) []byte {
	s.Helper()
	return s.send(method, path, proof, http.NoBody)
}

// send makes a request and gives the answer. No header of it holds the key.
func (s *service) send(method, path, proof string, body io.Reader) []byte {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), method, s.url+"/api"+path, body)
	if err != nil {
		s.Fatal(err)
	}
	if proof != "" {
		req.Header.Set("Authorization", proof)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // read to its end
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.Fatal(err)
	}
	for name, values := range res.Header {
		for _, secret := range encodings(s.key()) {
			if strings.Contains(name+strings.Join(values, " "), string(secret)) {
				s.Errorf("the key is in the header %s of %s %s", name, method, path)
			}
		}
	}
	return b
}

// A server that is killed in the middle of runs loses nothing and doubles
// nothing, and everything that it was told is there when it starts again.
func TestAKilledServerGoesOnWhereItWas(t *testing.T) {
	const bookings = 600
	s := newService(t, bookings)
	s.setup()
	s.weir([]string{"CAL_API_KEY=" + s.key()}, "credentials", "add", "Ours")
	s.weir(nil, "credentials", "add", "Lake", "--kind", "sqlite", "--set", "path=cal.db")
	s.weir(nil, "sources", "add", "Bookings", "--credential", "1", "--endpoint", "bookings")
	s.weir(nil, "destinations", "add", "Tables", "--dataset", "4", "--credential", "2")
	s.weir(nil, "destinations", "activate", "5")
	for i := range max(kills(t)/12, 4) {
		s.weir(nil, "sources", "run", "3", "--no-wait")
		time.Sleep(time.Duration(i%20*7) * time.Millisecond)
		s.kill()
		s.start()
	}
	s.weir(nil, "sources", "run", "3")
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "files", "1", "cal.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // only read
	var rows, different int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*), count(DISTINCT uid) FROM bookings").Scan(&rows, &different); err != nil || rows != bookings || different != bookings {
		t.Errorf("%d rows, %d of them different, of %d bookings, %v", rows, different, bookings, err)
	}
	if got := s.weir(nil, "credentials", "check", "1"); !strings.Contains(got, "VERIFIED") {
		t.Errorf("the credential is not what it was: %s", got)
	}
	s.weir(nil, "audit", "verify", "--data", s.dir)
}

func TestATermSignalStopsTheServerInOrder(t *testing.T) {
	s := newService(t, 5)
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.process.Wait(); err != nil || !strings.Contains(s.out.String(), "Stopped") {
		t.Errorf("%v: %s", err, s.out)
	}
}

func TestASecondServerOnTheSameFileIsRefusedAtOnce(t *testing.T) {
	s := newService(t, 5)
	began := time.Now()
	out, err := s.command("serve", "--data", s.dir, "--listen", "127.0.0.1:0").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "another Weir server is using this directory") || strings.Contains(string(out), "Weir listens") || time.Since(began) > 5*time.Second {
		t.Errorf("after %s: %v: %s", time.Since(began), err, out)
	}
	s.kill()
	s.start() // a killed one is in nobody's way
}

func TestAWrongRootKeyStopsTheStartAndChangesNothing(t *testing.T) {
	s := newService(t, 5)
	s.kill()
	root := filepath.Join(s.dir, "root.key")
	if err := os.WriteFile(root, []byte("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	out, err := s.command("serve", "--data", s.dir, "--listen", "127.0.0.1:0").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "root key") || time.Since(began) > 5*time.Second {
		t.Errorf("after %s: %v: %s", time.Since(began), err, out)
	}
}

func TestABackupBringsAServerBackAndSignsEverybodyOut(t *testing.T) {
	s := newService(t, 40)
	s.setup()
	s.weir([]string{"CAL_API_KEY=" + s.key()}, "credentials", "add", "Ours")
	copied := filepath.Join(t.TempDir(), "copy.weir")
	s.weir(nil, "backup", "create", "--data", s.dir, copied)
	if again := s.command("backup", "create", "--data", s.dir, copied); again.Run() == nil {
		t.Error("an earlier backup was overwritten")
	}
	if got := s.weir(nil, "backup", "verify", "--data", s.dir, copied); !strings.Contains(got, "1 secrets open") {
		t.Errorf("verify says %s", got)
	}
	s.ask("GET", "/openapi.json", "") // it still answers
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(s.ask("POST", "/token", "Basic "+s.serviceKey()), &token); err != nil {
		t.Fatal(err)
	}
	s.kill()
	root, err := os.ReadFile(filepath.Join(s.dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	s.dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(s.dir, "root.key"), root, 0o600); err != nil {
		t.Fatal(err)
	}
	s.weir(nil, "restore", "--data", s.dir, copied)
	s.start()
	if got := s.weir(nil, "vault", "verify", "--data", s.dir); !strings.Contains(got, "1 secrets open") {
		t.Errorf("the credential is not what it was: %s", got)
	}
	// The copy cannot know whether the key was revoked since it was made.
	if out, err := s.command("credentials", "list").CombinedOutput(); err == nil || !strings.Contains(string(out), "waits to be confirmed") {
		t.Errorf("a service key from before works, or is not told why: %v: %s", err, out)
	}
	if !strings.Contains(s.out.String(), "do nothing until they are confirmed") {
		t.Error("the server does not say that keys wait")
	}
	if got := s.ask("GET", "/users/current", "Bearer "+token.AccessToken); !strings.Contains(string(got), "AUTH_001") {
		t.Errorf("an old session lives: %s", got)
	}
	damaged, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	damaged[len(damaged)/2] ^= 1
	broken := filepath.Join(t.TempDir(), "broken.weir")
	if err := os.WriteFile(broken, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := s.command("backup", "verify", "--data", s.dir, broken).CombinedOutput(); err == nil || !strings.Contains(string(out), "damaged") {
		t.Errorf("a damaged backup is verified: %v: %s", err, out)
	}
}
