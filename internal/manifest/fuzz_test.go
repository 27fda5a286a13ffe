package manifest_test

import (
	"testing"

	"github.com/weirhq/weir/internal/manifest"
)

// FuzzRead: no file breaks the reader, and what it takes it writes so that it
// takes that for the same.
func FuzzRead(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("weir: 1\nprojects: {P: {description: \"a: b # c\\n\\u00e9\"}, 'yes': {}, '1': {tags: [~, null, '']}}"))
	f.Add([]byte("weir: 1\nsources:\n  S:\n    credential: A\n    config: {rest.iterations: [[], {}, [1e5, {a: [x, {b: null}]}]]}\n"))
	f.Add([]byte("weir: 1\nprojects:\n  P:\n    description: |\n      two\n      lines\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		m, problems := manifest.Read(manifest.File{Name: "f", Content: content})
		if len(problems) > 0 {
			return
		}
		if problems := manifest.Check(m, nothing(), catalogue, true); len(problems) > 0 {
			return
		}
		written, left := manifest.Write(m)
		again, problems := manifest.Read(manifest.File{Name: "g", Content: written})
		if len(problems) > 0 {
			t.Fatalf("%v\n%s", problems, written)
		}
		if len(left) > 0 {
			return // it, and what uses it, is said to be missing
		}
		if problems := manifest.Check(again, m, catalogue, true); len(problems) > 0 {
			t.Fatalf("%v\n%s", problems, written)
		}
		for _, k := range manifest.Kinds {
			if len(m.Of(k)) == 0 {
				delete(again.Sections, k) // an empty section is not written
			}
		}
		if plan := manifest.Compare(again, m, true); len(plan.Changes) > 0 {
			t.Fatalf("%v %+v\n%s", lines(plan), plan.Changes[0].Fields, written)
		}
	})
}
