package main

import (
	"strings"
	"testing"
)

// An owner adds somebody, hands a link on, and looks after users; the other
// one gets in with the link on another machine. Secrets come from standard
// input, a file or the environment, and the link is printed once.
func TestPeopleGetInAndOutByTheCommandLine(t *testing.T) {
	s := newService(t, 1)
	s.setup()
	said := s.weir(nil, "users", "add", "bob@example.com", "--name", "Bob", "--role", "operator")
	link := line(said, "wln_")
	if link == "" {
		t.Fatal(said)
	}
	owners, bobs := s.home, t.TempDir()
	s.home = bobs
	s.weir([]string{"WEIR_INVITE=" + link, "WEIR_PASSWORD=bobs good password"}, "login", "--invite")
	if said := s.weir(nil, "sessions"); !strings.Contains(said, "api") {
		t.Error(said)
	}
	s.home = t.TempDir()
	if said := s.weir([]string{"WEIR_PASSWORD=bobs good password"}, "login", "--email", "bob@example.com"); !strings.Contains(said, "Bob <bob@example.com>") {
		t.Error(said)
	}
	if _, err := s.command("users", "role", "1", "collaborator").CombinedOutput(); err == nil {
		t.Error("an operator changed an owner's role")
	}

	s.home = owners
	for _, step := range []struct{ want, args string }{
		{"bob@example.com  operator", "users"},
		{"collaborator", "users role 2 collaborator"},
		{"LOCKED", "users lock 2"},
		{"ACTIVE", "users unlock 2"},
		{"Transferred 0 things", "users transfer 2 --to 1"},
		{"Readers", "teams add Readers"},
		{"bob@example.com", "teams join 1 bob@example.com --admin"},
		{"bob@example.com (admin)", "teams"},
		{"Deleted.", "teams delete 1"},
		{"Second", "orgs add Second --domain second.example"},
		{"Acme Ltd", "orgs rename 1 --name Acme_Ltd"},
		{"owner", "orgs"},
		{"DEACTIVATED", "users deactivate 2"},
	} {
		args := strings.Fields(step.args)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "_", " ")
		}
		if said := s.weir(nil, args...); !strings.Contains(said, step.want) {
			t.Errorf("%s says %s", step.args, said)
		}
	}
	s.home = bobs
	if out, err := s.command("users").CombinedOutput(); err == nil {
		t.Errorf("somebody who is deactivated is told %s", out)
	}
	s.home = owners
	s.weir(nil, "users", "activate", "2")
	again := s.weir([]string{"WEIR_PASSWORD=" + servicePassword}, "users", "invite", "2")
	if line(again, "wln_") == "" || strings.Contains(again+said, servicePassword) {
		t.Error(again)
	}
	if said := s.weir(nil, "users", "remove", "2"); !strings.Contains(said, "Removed.") {
		t.Error(said)
	}
	if strings.Contains(s.out.String(), link) || strings.Contains(s.out.String(), "bobs good password") {
		t.Error("the server's output has a secret")
	}
	s.weir(nil, "sessions", "end")
	s.weir(nil, "users") // the key gets itself another session
}

// The only owner has forgotten the password: whoever has the machine helps.
func TestTheOnlyOwnerGetsInAgainOnTheMachine(t *testing.T) {
	s := newService(t, 1)
	s.setup()
	if out, err := s.command("users", "recover", "--data", s.dir, "nobody@example.com").CombinedOutput(); err == nil || strings.Contains(string(out), "wln_") {
		t.Errorf("%v: %s", err, out)
	}
	link := line(s.weir(nil, "users", "recover", "--data", s.dir, "ada@example.com"), "wln_")
	s.home = t.TempDir() // another machine, on which nobody is signed in
	s.weir([]string{"WEIR_INVITE=" + link, "WEIR_PASSWORD=a password that is new"}, "login", "--server", s.url, "--invite")
	if got := s.weir(nil, "users"); !strings.Contains(got, "ada@example.com") {
		t.Error(got)
	}
	if strings.Contains(s.out.String(), link) {
		t.Error("the link is in the server's log")
	}
	s.weir(nil, "audit", "verify", "--data", s.dir)
}

// Whoever lists sessions is to find people and programs there, not every
// command that has ever run.
func TestACommandLeavesNoSessionBehind(t *testing.T) {
	s := newService(t, 1)
	s.setup()
	s.weir(nil, "credentials")
	s.weir(nil, "users")
	if out, err := s.command("credentials", "show", "99").CombinedOutput(); err == nil {
		t.Errorf("credential 99 is %s", out)
	}
	if said := s.weir(nil, "sessions"); strings.Count(said, "\n") != 2 || !strings.Contains(said, "yes") {
		t.Errorf("besides its own there are sessions:\n%s", said)
	}
}

// line is the line of a text that begins so, without its blanks.
func line(text, begins string) string {
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); strings.HasPrefix(l, begins) {
			return l
		}
	}
	return ""
}
