package web

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/internal/web/ui"
)

// stagedType is what a script accepts that shows the steps of a form's work.
const stagedType = "application/x-ndjson"

// line is one line of such an answer.
type line struct {
	Step string `json:"step,omitempty"` // has been reached
	To   string `json:"to,omitempty"`   // it is done: go there
	Said string `json:"said,omitempty"` // and say this
	Form string `json:"form,omitempty"` // it is not: show this
}

// staged does what a form asks for. A script that shows the steps gets each one
// as it is reached; any other browser gets a page, or a way on.
func (v *visit) staged(work func(tell func(step string)) (outcome, error)) error {
	if !strings.Contains(v.r.Header.Get("Accept"), stagedType) {
		done, err := work(func(string) {})
		switch {
		case err != nil:
			return err
		case done.to == "":
			return v.again(done.title, done.page)
		}
		return v.to(done.to, ui.Good, done.said)
	}
	tell := v.telling()
	done, err := work(func(step string) { tell(line{Step: step}) })
	if err != nil {
		return err
	}
	if done.to != "" {
		tell(line{To: here(done.to), Said: done.said})
		return nil
	}
	var b bytes.Buffer
	if err := done.form.Render(v.r.Context(), &b); err != nil {
		return err
	}
	tell(line{Form: b.String()})
	return nil
}

// telling sends lines, each at once. Steps may come from several goroutines.
func (v *visit) telling() func(line) {
	var mu sync.Mutex
	flush := http.NewResponseController(v.w)
	return func(l line) {
		mu.Lock()
		defer mu.Unlock()
		if !v.sent {
			v.w.Header().Set("Content-Type", stagedType)
			v.head(http.StatusOK)
		}
		b, err := json.Marshal(l)
		if err != nil {
			return
		}
		_, _ = v.w.Write(append(b, '\n')) // a browser that has gone needs no answer
		_ = flush.Flush()                 // what cannot be sent at once comes later
	}
}

// outcome is what became of a form: a way on, or the form again.
type outcome struct {
	to, said string
	title    string
	form     templ.Component // what a script puts in the form's place
	page     templ.Component // the whole page, without a script
}

// after is where to go on with something new, which is shown there.
func after(next, usual string, id int64) string {
	path := usual
	if next != "" {
		path = here(next)
	}
	u, err := url.Parse(path)
	if err != nil {
		return usual
	}
	q := u.Query()
	q.Set("fresh", fmt.Sprint(id))
	u.RawQuery = q.Encode()
	return u.RequestURI()
}
