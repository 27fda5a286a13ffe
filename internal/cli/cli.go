// Package cli is the command line: one file for each sub-command. It parses,
// wires the services together, prints, and turns errors into exit codes; it
// decides nothing about records.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/willabides/kongplete"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

// Terminal is the world a command runs in. Tests give another.
type Terminal struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Interactive    bool // Stderr is a terminal that can redraw lines
}

// commands is the command line's grammar.
type commands struct {
	LogLevel  string           `help:"How much to log on standard error: debug, info, warn or error (default warn; info for serve)." enum:",debug,info,warn,error" default:"" placeholder:"LEVEL"`
	LogFormat string           `help:"How log lines look: text, or json for programs (default text)." enum:"text,json" default:"text" placeholder:"FORMAT"`
	Print     kong.VersionFlag `name:"version" hidden:"" help:"Print the version, as the command does."`

	Sync          syncCommand          `cmd:"" help:"Read everything a Cal.com key can read into a database or files."`
	Plan          planCommand          `cmd:"" help:"Say what a sync would cost: requests, time, share of the key's budget; or all schedules of a server."`
	Demo          demoCommand          `cmd:"" help:"See the whole journey on simulated data, down to the pages; needs no account."`
	Serve         serveCommand         `cmd:"" help:"Run the server: REST API and the flows that it keeps."`
	Setup         setupCommand         `cmd:"" help:"Make the first user of a new server, and sign in."`
	SetupToken    setupTokenCommand    `cmd:"" name:"setup-token" help:"Print a token for the setup of a new server, for serve --setup-token-file."`
	Ready         readyCommand         `cmd:"" help:"Ask a server whether it can do its work, for health checks."`
	Login         loginCommand         `cmd:"" help:"Sign in to a server with a service key, a password or an invitation."`
	Credentials   credentialsCommand   `cmd:"" help:"Keys and logins that a server keeps."`
	Sources       sourcesCommand       `cmd:"" help:"What a server reads."`
	Datasets      datasetsCommand      `cmd:"" help:"What its sources yield."`
	Destinations  destinationsCommand  `cmd:"" help:"Where its datasets go."`
	Flows         flowsCommand         `cmd:"" help:"Its flows, as trees."`
	Projects      projectsCommand      `cmd:"" help:"Folders of its flows."`
	Lookups       lookupsCommand       `cmd:"" help:"Tables of rows that its sources read by."`
	Transforms    transformsCommand    `cmd:"" help:"Rules that make one dataset's records of another one's."`
	Runs          runsCommand          `cmd:"" help:"Its runs, newest first."`
	Health        healthCommand        `cmd:"" help:"How each flow stands."`
	Quarantine    quarantineCommand    `cmd:"" help:"Records that failed, and their way back."`
	Budgets       budgetsCommand       `cmd:"" help:"What each key may spend, and who spends it."`
	Notifications notificationsCommand `cmd:"" help:"What you were told, and the channels over which you are."`
	Users         usersCommand         `cmd:"" help:"Who may use it."`
	Orgs          orgsCommand          `cmd:"" help:"Your organizations."`
	Teams         teamsCommand         `cmd:"" help:"Groups of users with whom things are shared at once."`
	Sessions      sessionsCommand      `cmd:"" help:"Where you are signed in."`
	Keys          keysCommand          `cmd:"" help:"Your service keys."`
	Apply         applyCommand         `cmd:"" help:"Make a server's configuration what YAML files say."`
	Diff          diffCommand          `cmd:"" help:"Show in what a server's configuration and YAML files differ."`
	Export        exportCommand        `cmd:"" help:"Write a server's configuration as YAML, without secrets."`
	Schema        schemaCommand        `cmd:"" help:"Print the JSON Schema of such files, for editors."`
	Backup        backupCommand        `cmd:"" help:"Copies of a server's database."`
	Restore       restoreCommand       `cmd:"" help:"Bring a server's database back from a backup."`
	Audit         auditCommand         `cmd:"" help:"The log of who did what."`
	Simulate      simulateCommand      `cmd:"" help:"Run a simulator of the Cal.com API."`
	Connectors    connectorsCommand    `cmd:"" help:"List, describe and check connectors."`
	Vault         vaultCommand         `cmd:"" help:"Look after the keys that Weir's own secrets are encrypted with."`
	Version       versionCommand       `cmd:"" help:"Print the version."`

	InstallCompletions kongplete.InstallCompletions `cmd:"" name:"completion" help:"Print the command that switches on shell completion."`
}

// session is what every command's Run receives.
type session struct {
	Terminal
	ctx     context.Context
	log     *slog.Logger
	secrets *redactor
	data    io.Writer        // standard output untouched: for records, and for the simulator's own keys
	servers []*client.Client // whose sessions end with the command
}

// endTime is how long ending a session may hold up the end of a command.
const endTime = 3 * time.Second

// end ends the sessions that the command began, also when it was interrupted.
func (s *session) end() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), endTime)
	defer cancel()
	for _, server := range s.servers {
		if err := server.End(ctx); err != nil {
			s.log.Info("the session could not be ended; it ends by itself", "error", err)
		}
	}
}

// Main runs one command line and returns the program's exit code. It is the
// only place where errors become words on standard error.
func Main(ctx context.Context, args []string, t Terminal) int {
	secrets := newRedactor(t.Getenv)
	data := t.Stdout
	t.Stdout, t.Stderr = secrets.writer(t.Stdout), secrets.writer(t.Stderr)
	err := run(ctx, args, t, data, secrets)
	if err == nil {
		return 0
	}
	if !errors.Is(err, errReported) {
		fmt.Fprintf(t.Stderr, "weir: %v\n", err)
	}
	return weir.CodeOf(err).ExitCode()
}

// errReported marks an error that the command has already shown.
var errReported = errors.New("reported")

// reported is an error that was shown; its code still decides how the program
// exits.
func reported(err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(errReported, err)
}

// noNumber is what the parser says of a word in place of a number.
var noNumber = regexp.MustCompile(`^(.*): expected a valid \d+ bit (?:int|uint) but got (.*)$`)

// listing is the command that shows the ids that a flag wants.
var listing = map[string]string{"--credential": "credentials", "--source": "sources", "--after": "sources", "--dataset": "datasets", "--destination": "destinations", "--lookup": "lookups", "--project": "projects"}

// inOurWords says what the parser says of a number as people would, with what
// to do when the number is an id.
func inOurWords(said string) (message, remedy string) {
	found := noNumber.FindStringSubmatch(said)
	if found == nil {
		return said, ""
	}
	flag, _, _ := strings.Cut(found[1], "=")
	if list := listing[flag]; list != "" {
		return fmt.Sprintf("%s: %s is no id", flag, found[2]), "Give its id, a number; see `weir " + list + "`"
	}
	return fmt.Sprintf("%s: %s is no whole number", flag, found[2]), ""
}

// helpOf is the command line that explains what was given wrongly. A command
// that nobody named, because it is what its group does by default, is not in it.
func helpOf(err error, args []string) string {
	words := []string{"weir"}
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		for node := parse.Context.Selected(); node != nil && node.Type == kong.CommandNode; node = node.Parent {
			if slices.Contains(args, node.Name) {
				words = slices.Insert(words, 1, node.Name)
			}
		}
	}
	return strings.Join(append(words, "--help"), " ")
}

// logger is the log of a command. A server says of its own accord when runs
// begin and end; a command that a person has typed says what went wrong.
func (c *commands) logger(w io.Writer, command *kong.Node) (*slog.Logger, error) {
	level := slog.LevelWarn
	if command != nil && command.Name == "serve" {
		level = slog.LevelInfo
	}
	if c.LogLevel != "" {
		if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
			return nil, err
		}
	}
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return slog.New(slog.NewTextHandler(w, o)), nil
}

func run(ctx context.Context, args []string, t Terminal, data io.Writer, secrets *redactor) error {
	if err := refuseKeyInArguments(args); err != nil {
		return err
	}
	var c commands
	exited := false
	parser, err := kong.New(&c, kong.Name("weir"),
		kong.Description("Weir moves scheduling data: Cal.com in, tables and files out."),
		kong.Writers(t.Stdout, t.Stderr),
		kong.Exit(func(int) { exited = true }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"base_url": "https://api.cal.com", "version": versionLine()})
	if err != nil {
		return err
	}
	kongplete.Complete(parser)
	parsed, err := parser.Parse(args)
	switch {
	case exited:
		return nil // --help was printed
	case err != nil:
		message, remedy := inOurWords(strings.TrimSuffix(err.Error(), "."))
		return &weir.Error{Code: weir.CodeUsage, Message: message, Remedy: cmp.Or(remedy, "Run `"+helpOf(err, args)+"`")}
	}
	log, err := c.logger(t.Stderr, parsed.Selected())
	if err != nil {
		return err
	}
	s := &session{Terminal: t, ctx: ctx, log: log, secrets: secrets, data: data}
	defer s.end()
	return parsed.Run(s)
}
