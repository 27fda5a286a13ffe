package credential

import "github.com/weirhq/weir"

// open takes a value out of its wrapping, to be cleaned and checked before it
// is sealed. Nothing else in this package sees a value.
func open(s weir.Secret) string { return s.Expose() }
