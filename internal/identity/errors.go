package identity

import (
	"errors"

	"github.com/weirhq/weir"
)

// ErrNotRecent is in the chain of the CodeForbidden error that Recent gives,
// so that a page can ask for the password and go on.
var ErrNotRecent = errors.New("not recent")

// wrong is the one answer to every sign-in that fails: whether the user
// exists, has a password or may sign in is nobody's business.
func wrong() error {
	return &weir.Error{Code: weir.CodeAuth, Where: "sign-in", Message: "e-mail or password is wrong", Remedy: "Check both, or ask an administrator for a new link"}
}

func forbidden(what string, need Role) error {
	return &weir.Error{Code: weir.CodeForbidden, Where: what, Message: "this needs the role " + string(need), Remedy: "Ask an administrator or the owner for it"}
}

func usage(where, message, remedy string) error {
	return &weir.Error{Code: weir.CodeUsage, Where: where, Message: message, Remedy: remedy}
}
