//go:build unix

package mysqltest

import (
	"os"
	"syscall"
)

// owner gives dir to the user that the server will run as, and says how to
// become that user.
func owner(dir string) (*syscall.SysProcAttr, error) {
	// A group of its own: what interrupts the tests must not reach the
	// server before they have ended.
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	uid, gid, err := unprivileged()
	if err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)} // #nosec G115 -- ids of a user
	return attr, os.Chown(dir, uid, gid)
}
