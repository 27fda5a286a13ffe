package cli

import (
	"context"
	"os/exec"
	"runtime"
)

// openBrowser asks the desktop to show an address, and reports whether there is
// one to ask. The address is printed as well: nothing depends on it.
func openBrowser(s *session, address string) bool {
	name, args := "xdg-open", []string{address}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", address}
	default:
		if s.Getenv("DISPLAY") == "" && s.Getenv("WAYLAND_DISPLAY") == "" {
			return false
		}
	}
	cmd := exec.CommandContext(context.WithoutCancel(s.ctx), name, args...) // #nosec G204 -- one of three programs, with an address of ours
	if err := cmd.Start(); err != nil {
		return false
	}
	go func() { _ = cmd.Wait() }() // how it ended is the browser's business
	return true
}
