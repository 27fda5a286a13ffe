package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/weirhq/weir"
)

// A share in bytes, which are just 80 letters of base32.
//
//	1  version, always 1
//	1  which share it is, from 1
//	4  kit: random, the same in all three
//	8  id of the root key
//	32 the point
//	4  SHA-256 of all that, its first bytes
const (
	shareVersion = 1
	shareSize    = 1 + 1 + 4 + 8 + keySize + 4
	shareLetters = shareSize * 8 / 5
)

var letters = base32.StdEncoding.WithPadding(base32.NoPadding)

// RecoveryKit gives the root key in three texts to be printed and kept in
// three places: any two restore it, one alone tells nothing. Each call gives
// another kit; all of one root key stay good until it is replaced.
func (v *Vault) RecoveryKit() [shares]weir.Secret {
	root := v.keys().root
	id, _ := hex.DecodeString(root.ID()) // it is hex
	kit := randomKey()[:4]
	var texts [shares]weir.Secret
	for i, point := range split([]byte(root.key)) {
		b := append([]byte{shareVersion, byte(i + 1)}, kit...) // #nosec G115 -- below four
		b = append(append(b, id...), point...)
		sum := sha256.Sum256(b)
		texts[i] = weir.NewSecret(v.page(i+1, root.ID(), kit, letters.EncodeToString(append(b, sum[:4]...))))
	}
	return texts
}

// page is one share as it is printed.
func (v *Vault) page(number int, root string, kit []byte, share string) string {
	var groups strings.Builder
	for i := 0; i < len(share); i += 5 {
		separator := " "
		if i%20 == 15 {
			separator = "\n    "
		}
		groups.WriteString(share[i:i+5] + separator)
	}
	return fmt.Sprintf(`Weir recovery kit %x, share %d of %d
Root key %s, database %s, made %s

Any two of the three shares restore the root key, without which nothing that
Weir keeps encrypted can be opened. One alone is worth nothing to anybody.
Keep each in another place, none of them with the database or its backups.

    %s

To restore: type these lines, or two whole shares, into files, then run
    weir vault restore FILE FILE
`, kit, number, shares, root, v.store.InstanceID(), v.now().UTC().Format(time.DateOnly), strings.TrimSpace(groups.String()))
}

// share is one of a kit.
type share struct {
	x    byte
	kit  []byte
	root []byte
	y    []byte
}

// grouped finds the letters of a share in a page, however they are spaced.
var grouped = regexp.MustCompile(`(?:[A-Za-z2-7]{5}[ \t\r\n]*){16}`)

// parseShare reads a share, with or without the page around it. Of each place
// where 80 letters could begin, the one with the right sum is it.
func parseShare(text string) (share, error) {
	for at := 0; at < len(text); {
		found := grouped.FindStringIndex(text[at:])
		if found == nil {
			break
		}
		b, err := letters.DecodeString(strings.ToUpper(strings.Join(strings.Fields(text[at+found[0]:at+found[1]]), "")))
		if err == nil && len(b) == shareSize && b[0] == shareVersion && 1 <= b[1] && b[1] <= shares {
			body, sum := b[:shareSize-4], sha256.Sum256(b[:shareSize-4])
			if bytes.Equal(sum[:4], b[shareSize-4:]) {
				return share{x: body[1], kit: body[2:6], root: body[6:14], y: body[14:]}, nil
			}
		}
		at += found[0] + 1
	}
	return share{}, &weir.Error{Code: weir.CodeUsage, Message: fmt.Sprintf("this is no share of a recovery kit, or a letter of it is wrong: it is %d letters A to Z and digits 2 to 7, in groups of five", shareLetters),
		Remedy: "Compare it with the print, letter by letter"}
}

// rootOf puts a root key together from two shares.
func rootOf(first, second string) (Root, error) {
	a, err := parseShare(first)
	if err != nil {
		return Root{}, weir.At("first share", err)
	}
	b, err := parseShare(second)
	if err != nil {
		return Root{}, weir.At("second share", err)
	}
	if a.x == b.x || !bytes.Equal(a.kit, b.kit) || !bytes.Equal(a.root, b.root) {
		return Root{}, &weir.Error{Code: weir.CodeUsage, Message: "these are not two different shares of one kit", Remedy: "Take two with the same kit number and different share numbers"}
	}
	root := Root{string(join(a.x, a.y, b.x, b.y))}
	if root.ID() != hex.EncodeToString(a.root) {
		return Root{}, &weir.Error{Code: weir.CodeUsage, Message: "the two shares do not give the root key that they name", Remedy: "Try another two of the three"}
	}
	return root, nil
}

// Restore puts the root key back from two shares, where there is none. If the
// database has a keyring, the root key must be its own.
func Restore(ctx context.Context, o Options, first, second weir.Secret) error {
	root, err := rootOf(first.Expose(), second.Expose())
	if err != nil {
		return err
	}
	stored, err := o.Store.Keyring(ctx)
	if err != nil {
		return err
	}
	if len(stored) > 0 {
		if _, err := unlock(stored, root, o.Store.InstanceID()); err != nil {
			return err
		}
	}
	w, ok := o.Place.(WritablePlace)
	if !ok {
		return &weir.Error{Code: weir.CodeConfig, Where: o.Place.Name(), Message: "Weir cannot write this root key", Remedy: "Name a file with --root-key-file"}
	}
	return w.Create(ctx, root)
}
