package cli

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/weirhq/weir"
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
		Remedy:  "Put it into the environment as " + keyVariable + " or into a file named by --api-key-file; if this was a real key, replace it in Cal.com",
	}
}

// readKey finds the API key in the file or the environment, takes away what
// people paste along with it, and checks its form. The note, when not empty,
// says what was taken away.
func readKey(file string, getenv func(string) string) (key weir.Secret, note string, err error) {
	where, raw := keyVariable, getenv(keyVariable)
	if file != "" {
		where = "--api-key-file"
		content, err := readKeyFile(file)
		if err != nil {
			return key, "", err
		}
		raw = content
	}
	if raw == "" {
		return key, "", &weir.Error{Code: weir.CodeUsage, Where: where, Message: "there is no API key",
			Remedy: "Make one in Cal.com under Settings > Developer > API keys, then: export " + keyVariable + "=cal_live_…"}
	}
	clean := cleanKey(raw)
	if clean != raw {
		note = "Blanks, quotes or the word Bearer around the key were removed."
	}
	return weir.NewSecret(clean), note, checkKey(where, clean)
}

// keyFileLimit is far more than a key needs and far less than a wrong file.
const keyFileLimit = 4096

func readKeyFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err == nil && (info.IsDir() || info.Size() > keyFileLimit) {
		return "", &weir.Error{Code: weir.CodeUsage, Where: "--api-key-file", Message: path + " is not a file that holds just a key"}
	}
	content, readErr := os.ReadFile(path) // #nosec G304 -- the user names the file
	if readErr != nil {
		return "", &weir.Error{Code: weir.CodeUsage, Where: "--api-key-file", Message: readErr.Error(), Remedy: "Name a file that holds the key and nothing else", Err: readErr}
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

// bearer is the word that belongs to the header and not to the key.
var bearer = regexp.MustCompile(`(?i)^(authorization:\s*)?bearer\s+`)

// cleanKey removes what comes along when a key is copied: quotes, blanks,
// invisible characters at the ends, the word Bearer.
func cleanKey(s string) string {
	const around = " \t\r\n\"'`“”‘’\u00a0\u200b\u200c\u200d\ufeff"
	for {
		before := s
		s = bearer.ReplaceAllString(strings.Trim(s, around), "")
		if s == before {
			return s
		}
	}
}

// checkKey refuses what certainly is no key, without repeating it.
func checkKey(where, key string) error {
	refuse := func(message, remedy string) error {
		return &weir.Error{Code: weir.CodeUsage, Where: where, Message: message, Remedy: remedy}
	}
	for _, r := range key {
		if r <= ' ' || r > '~' {
			return refuse("the key has a blank or another character inside that no key has", "Copy it again, whole and alone")
		}
	}
	switch {
	case key == "":
		return refuse("there is nothing in the key but blanks or quotes", "Copy it again")
	case !strings.HasPrefix(key, "cal_"):
		return refuse("this is not a Cal.com API key: those begin with cal_ or cal_live_", "Copy the key as Cal.com showed it, prefix included")
	case len(key) < 12:
		return refuse("the key is too short; a part of it is missing", "Copy it again, whole")
	}
	return nil
}
