package ui

import (
	"strconv"

	"github.com/a-h/templ"
)

// about ties a field to its help and its error for those who do not see them
// stand there.
func about(f Field) templ.Attributes {
	a := templ.Attributes{}
	if ids := f.described(); ids != "" {
		a["aria-describedby"] = ids
	}
	if f.Error != "" {
		a["aria-invalid"] = "true"
	}
	return a
}

// limited are the limits that the browser knows, and what it may suggest.
func limited(f Field) templ.Attributes {
	a := templ.Attributes{}
	if f.Long > 0 {
		a["maxlength"] = strconv.Itoa(f.Long)
	}
	if f.Min != "" {
		a["min"] = f.Min
	}
	if f.Max != "" {
		a["max"] = f.Max
	}
	if len(f.Suggest) > 0 {
		a["list"] = f.listID()
	}
	return a
}

// confirmation makes a script ask before the form is sent.
func confirmation(text string) templ.Attributes {
	if text == "" {
		return nil
	}
	return templ.Attributes{"data-confirm": text}
}

func orYes(value string) string {
	if value == "" {
		return "yes"
	}
	return value
}
