package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// maxForm is the most that a form may hold.
const maxForm = 1 << 20

// form reads what was typed. It may be read once.
func (v *visit) form() (url.Values, error) {
	kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "form", Message: "what was sent is no form", Remedy: "Open the page here and send it again"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(v.w, v.r.Body, maxForm))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "form", Message: "the form holds more than 1 MiB", Remedy: "Send less"}
	}
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeCancelled, Where: "form", Message: "the form did not arrive whole", Remedy: "Send it again", Err: err}
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || !utf8.Valid(body) {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "form", Message: "what was sent is no form", Remedy: "Open the page here and send it again"}
	}
	for name, values := range form {
		for i, value := range values {
			values[i] = strings.ReplaceAll(value, "\r\n", "\n") // as browsers send the lines of a text
		}
		if !utf8.ValidString(strings.Join(values, "")) {
			return nil, &weir.Error{Code: weir.CodeUsage, Where: name, Message: "it is not UTF-8", Remedy: "Type it again"}
		}
	}
	return form, nil
}

// maxUpload is the most that a file may hold which a form carries.
const maxUpload = 32 << 20

// upload reads the file of a form that carries one. Its other fields are not read.
func (v *visit) upload(name string) ([]byte, error) {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxUpload)
	parts, err := v.r.MultipartReader()
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "form", Message: "what was sent is no form with a file", Remedy: "Open the page here and send it again"}
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, &weir.Error{Code: weir.CodeUsage, Where: name, Message: "no file was sent", Remedy: "Choose one"}
		}
		if err != nil {
			return nil, notWhole(name, err)
		}
		if part.FormName() != name {
			continue
		}
		content, err := io.ReadAll(part)
		switch {
		case err != nil:
			return nil, notWhole(name, err)
		case part.FileName() == "":
			return nil, &weir.Error{Code: weir.CodeUsage, Where: name, Message: "no file was sent", Remedy: "Choose one"}
		case !utf8.Valid(content):
			return nil, &weir.Error{Code: weir.CodeUsage, Where: name, Message: "the file is not UTF-8", Remedy: "Save it as CSV in UTF-8"}
		}
		return content, nil
	}
}

// notWhole says why a file did not arrive.
func notWhole(name string, err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &weir.Error{Code: weir.CodeUsage, Where: name, Message: "the file holds more than 32 MiB", Remedy: "Divide it"}
	}
	return &weir.Error{Code: weir.CodeCancelled, Where: name, Message: "the file did not arrive whole", Remedy: "Send it again", Err: err}
}

// blame puts an error of a form where it belongs: at the field that it is
// about, or, when there is none, above the form. Errors that are not the
// user's to mend are given back.
func blame(err error, fields []ui.Field) (*ui.Problem, error) {
	if err == nil {
		return nil, nil
	}
	var e *weir.Error
	var fault *store.Fault
	var taken *flow.Taken
	if errors.As(err, &taken) {
		err = taken.Together()
	}
	if !errors.As(err, &e) || !mendable(e.Code) || errors.As(err, &fault) {
		return nil, err
	}
	message := sentence(e.Message)
	for i := range fields {
		f := &fields[i]
		if f.Name == e.Where || strings.ReplaceAll(f.Name, "_", " ") == e.Where {
			f.Error, f.Remedy = message, strings.TrimSuffix(e.Remedy, ".")
			return nil, nil
		}
	}
	return &ui.Problem{Message: message, Remedy: strings.TrimSuffix(e.Remedy, ".")}, nil
}

// mendable reports whether who filled in the form can do something about it.
func mendable(c weir.Code) bool {
	switch c {
	case weir.CodeInternal, weir.CodeIntegrity, weir.CodeNotFound:
		return false
	}
	return true
}

// sentence begins with a capital letter and ends without a full stop, which
// the component adds.
func sentence(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".")
}

// fill puts what was typed back into the fields. What is secret is not.
func fill(fields []ui.Field, form url.Values) []ui.Field {
	for i := range fields {
		f := &fields[i]
		switch f.Kind {
		case "secret", "password":
		case "checkbox":
			f.Checked = form.Has(f.Name)
		default:
			if form.Has(f.Name) {
				f.Value = form.Get(f.Name)
			}
		}
	}
	return fields
}

// at moves an error that is about one place to the field that it is about.
func at(err error, place, field string) error {
	var e *weir.Error
	if !errors.As(err, &e) || e.Where != place {
		return err
	}
	out := *e
	out.Where = field
	return &out
}

// numberIn is a number of a form or query; 0 for what is none.
func numberIn(form url.Values, name string) int64 {
	var n int64
	_, _ = fmt.Sscan(form.Get(name), &n) // what is no number is none
	return n
}
