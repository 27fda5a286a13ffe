package main

import (
	"net/http"
	"net/http/httptest"
	"os"
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
// the manual. The command `simulator [bookings [limit [path]]]` starts a simulated
// Cal.com, which forbids everybody the path, and sets $URL, $KEY, $EXPIRED and $MEMBER.
func TestCommandsDoWhatTheManualSays(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_DATA_HOME", env.WorkDir+"/share")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"simulator": startSimulator,
			"badserver": startBadServer,
		},
	})
}

func startSimulator(ts *testscript.TestScript, neg bool, args []string) {
	options := simulator.Options{Bookings: number(ts, args, 0, 300), Seed: 1, RateLimit: number(ts, args, 1, 120)}
	sim, err := simulator.New(options)
	ts.Check(err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(args) > 2 && r.URL.Path == args[2] {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"status":"error","error":{"code":"ForbiddenException","message":"not for you"}}`))
			return
		}
		sim.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	ts.Setenv("URL", server.URL)
	for _, k := range sim.Keys() {
		ts.Setenv(strings.ToUpper(strings.ReplaceAll(k.Name, "-", "_")), k.Key)
	}
	ts.Setenv("KEY", sim.Keys()[0].Key)
}

func number(ts *testscript.TestScript, args []string, i, otherwise int) int {
	if len(args) <= i {
		return otherwise
	}
	n, err := strconv.Atoi(args[i])
	ts.Check(err)
	return n
}
