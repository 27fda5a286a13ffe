package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/credential"
)

// keyVariable is where commands find the API key.
const keyVariable = "CAL_API_KEY"

// keyShape is what a Cal.com API key looks like, wherever it turns up.
var keyShape = regexp.MustCompile(`cal_[A-Za-z0-9_]{16,}`)

// keyFlags are what people try before they read that a key is never a flag.
var keyFlags = []string{"--api-key", "--key", "--token", "--apikey"}

// refuseKeyInArguments stops a command line that carries a key: other users
// of the machine can read it in the process list, and the shell keeps it.
func refuseKeyInArguments(args []string) error {
	for i, a := range args {
		name, _, _ := strings.Cut(a, "=")
		for _, flag := range keyFlags {
			if name == flag {
				return keyOnCommandLine(flag)
			}
		}
		if keyShape.MatchString(a) {
			return keyOnCommandLine(fmt.Sprintf("argument %d", i+1))
		}
	}
	return nil
}

func keyOnCommandLine(where string) error {
	return &weir.Error{
		Code: weir.CodeUsage, Where: where,
		Message: "a key is never part of a command line, where the process list and the shell's history show it",
		Remedy:  "Put it into the environment as " + keyVariable + ", or into a file and name that with --api-key-file (sync, plan) or --secret-file (credentials); if this was a real key, replace it in Cal.com",
	}
}

// readKey finds the API key in the file or the environment, takes away what
// people paste along with it, and checks its form. The note, when not empty,
// says what was taken away.
func readKey(d *connector.Definition, file string, getenv func(string) string) (key weir.Secret, note string, err error) {
	where, raw := keyVariable, getenv(keyVariable)
	if file != "" {
		where = "--api-key-file"
		content, err := readKeyFile(file)
		if err != nil {
			return key, "", weir.At(where, err)
		}
		raw = content
	}
	if raw == "" {
		return key, "", &weir.Error{Code: weir.CodeUsage, Where: where, Message: "there is no API key",
			Remedy: "Make one in Cal.com under Settings > Developer > API keys, then: export " + keyVariable + "=cal_live_…"}
	}
	clean := credential.CleanKey(raw)
	if clean != raw {
		note = "Blanks, quotes or the word Bearer around the key were removed."
	}
	return weir.NewSecret(clean), note, weir.At(where, credential.CheckKey(clean, d))
}

// reasonOf is why a file could not be opened, without its name.
func reasonOf(err error) string {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}

// keyFileLimit is far more than a key needs and far less than a wrong file.
const keyFileLimit = 4096

func readKeyFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err == nil && (info.IsDir() || info.Size() > keyFileLimit) {
		return "", &weir.Error{Code: weir.CodeUsage, Where: path, Message: "it is not a file that holds just a key", Remedy: "Name a file that holds it and nothing else"}
	}
	content, readErr := os.ReadFile(path) // #nosec G304 -- the user names the file
	if readErr != nil {
		return "", &weir.Error{Code: weir.CodeUsage, Where: path, Message: reasonOf(readErr), Remedy: "Name a file that holds it and nothing else", Err: readErr}
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}
