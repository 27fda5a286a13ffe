package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

// Where commands that speak to a server find it and the key.
const (
	serverVariable = "WEIR_URL"
	tokenVariable  = "WEIR_API_KEY" // #nosec G101 -- a variable's name
)

// remoteFlags say which server a command speaks to.
type remoteFlags struct {
	Server  string `env:"WEIR_URL" placeholder:"URL" help:"Address of the server (default: where weir setup signed in, or http://127.0.0.1:8080)."`
	KeyFile string `name:"key-file" placeholder:"FILE" help:"File that holds a service key of the server, instead of $WEIR_API_KEY."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// login is what `weir setup` and `weir login` leave for later commands.
type login struct {
	Server string `json:"server"`
	Key    string `json:"key"`
}

// defaultServer is where `weir serve` listens unless told.
const defaultServer = "http://127.0.0.1:8080"

// dial makes a client with the key of the file, of the environment, or of the
// last setup at that server.
func (f remoteFlags) dial(s *session) (*client.Client, error) {
	saved, err := readLogin(s)
	if err != nil {
		return nil, err
	}
	server, key := f.Server, s.Getenv(tokenVariable)
	if f.KeyFile != "" {
		if key, err = readKeyFile(f.KeyFile); err != nil {
			return nil, weir.At("--key-file", err)
		}
	}
	if server == "" {
		server = saved.Server
	}
	if server == "" {
		server = defaultServer
	}
	if key == "" && strings.TrimRight(server, "/") == strings.TrimRight(saved.Server, "/") {
		key = saved.Key
	}
	if key = strings.TrimSpace(key); key == "" {
		return nil, &weir.Error{Code: weir.CodeAuth, Where: tokenVariable, Message: "there is no service key for " + server,
			Remedy: "Sign in with `weir login`, make the first user with `weir setup`, or put a key into the environment as " + tokenVariable + " or into a file named by --key-file"}
	}
	s.secrets.add(key)
	return s.withKey(server, weir.NewSecret(key))
}

// withKey is a client whose session ends with the command.
func (s *session) withKey(address string, key weir.Secret) (*client.Client, error) {
	c, err := client.New(client.Options{URL: address, Key: key})
	if err == nil {
		s.servers = append(s.servers, c)
	}
	return c, err
}

// configPath is where the login is kept: a file of the user's own.
func configPath(s *session) (string, error) {
	base := s.Getenv("XDG_CONFIG_HOME")
	if base == "" {
		home := s.Getenv("HOME")
		if home == "" {
			return "", &weir.Error{Code: weir.CodeConfig, Where: "HOME", Message: "there is no home directory to keep the login in", Remedy: "Give the key as " + tokenVariable}
		}
		base = filepath.Join(home, ".config")
	}
	return filepath.Join(base, "weir", "login.json"), nil
}

// print prints v as JSON, or as the table that rows writes.
func (f remoteFlags) print(s *session, v any, head string, rows func(w io.Writer)) error {
	if f.JSON {
		return printJSON(s.Stdout, v)
	}
	t := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, head)
	rows(t)
	return t.Flush()
}

// list writes ids as a table shows them.
func list(ids []int64) string {
	if len(ids) == 0 {
		return "none"
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(ids), " ", ", "), "[]")
}

// askSecret reads a secret: from a file, from a variable, or from standard
// input, where a terminal does not show it.
func askSecret(s *session, what, file, variable string) (weir.Secret, error) {
	text := s.Getenv(variable)
	switch {
	case file != "":
		content, err := readKeyFile(file)
		if err != nil {
			return weir.Secret{}, err
		}
		text = content
	case text == "":
		line, err := askLine(s, what)
		if err != nil {
			return weir.Secret{}, err
		}
		text = line
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return weir.Secret{}, &weir.Error{Code: weir.CodeUsage, Where: what, Message: "it is empty", Remedy: "Type it, pipe it in, or give it as " + variable}
	}
	s.secrets.add(text)
	return weir.NewSecret(text), nil
}

// askLine asks on standard error and reads a line, hidden on a terminal.
func askLine(s *session, what string) (string, error) {
	fmt.Fprintf(s.Stderr, "%s: ", what)
	if typed(s) {
		b, err := term.ReadPassword(int(s.Stdin.(*os.File).Fd()))
		fmt.Fprintln(s.Stderr)
		return string(b), err
	}
	return readLine(s.Stdin)
}

// typed reports whether somebody types at a terminal.
func typed(s *session) bool {
	f, isFile := s.Stdin.(*os.File)
	return isFile && term.IsTerminal(int(f.Fd()))
}

// readLine reads one line byte by byte: what follows it is for others.
func readLine(r io.Reader) (string, error) {
	var b strings.Builder
	one := make([]byte, 1)
	for b.Len() < keyFileLimit {
		n, err := r.Read(one)
		if n == 1 && one[0] == '\n' || err == io.EOF {
			return strings.TrimRight(b.String(), "\r"), nil
		}
		if err != nil {
			return "", err
		}
		b.Write(one[:n])
	}
	return b.String(), nil
}

// copyBody is what makes a copy; "" leaves its name to the server.
func copyBody(name string) map[string]any {
	if name == "" {
		return map[string]any{}
	}
	return map[string]any{"name": name}
}
