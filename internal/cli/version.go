package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version is set by the build (-ldflags "-X …cli.Version=v1.2.3").
var Version = ""

type versionCommand struct{}

// Run prints the version, the commit it was built from and the platform.
func (versionCommand) Run(s *session) error {
	_, err := fmt.Fprintln(s.Stdout, versionLine())
	return err
}

func versionLine() string {
	return fmt.Sprintf("weir %s %s %s/%s", versionText(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func versionText() string {
	if Version != "" {
		return Version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return development
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "built from " + s.Value[:min(12, len(s.Value))]
		}
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	return development
}

// development is the version of a binary that says nothing of where it is from.
const development = "development"
