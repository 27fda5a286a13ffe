package connector

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir"
)

// value is what was given, or the default; an error names the parameter and
// the remedy, and never the value.
func (p *Parameter) value(stream, given string) (string, error) {
	value := given
	if value == "" {
		value = p.Default
	}
	if value == "" {
		if p.Required {
			return "", p.refuse("stream "+stream+" needs it", "Give it as --param "+p.Name+"=…: "+p.Help)
		}
		return "", nil
	}
	if message := p.wrong(value); message != "" {
		return "", p.refuse(message, "Give "+p.form()+": "+p.Help)
	}
	return value, nil
}

func (p *Parameter) refuse(message, remedy string) error {
	return &weir.Error{Code: weir.CodeUsage, Where: "parameter " + p.Name, Message: message, Remedy: remedy}
}

// wrong says what is wrong with a value that is not empty.
func (p *Parameter) wrong(value string) string {
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == '{' || r == '}' || r == 0x7f }) {
		return "it has a brace or a control character"
	}
	if len(p.Values) > 0 && !slices.Contains(p.Values, value) {
		return "it has none of its values"
	}
	switch p.Type {
	case ParameterInt:
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case err != nil:
			return "it is not a whole number"
		case p.Minimum != nil && n < *p.Minimum:
			return "it is too small"
		case p.Maximum != nil && n > *p.Maximum:
			return "it is too large"
		}
	case ParameterTime:
		_, notDay := time.Parse(time.DateOnly, value)
		_, notTime := time.Parse(time.RFC3339, value)
		if notDay != nil && notTime != nil {
			return "it is not a day or time"
		}
	}
	return ""
}

// form is what a value looks like, in words.
func (p *Parameter) form() string {
	switch {
	case len(p.Values) > 0:
		return "one of " + strings.Join(p.Values, ", ")
	case p.Type == ParameterTime:
		return "a day such as 2026-01-31, or a time such as 2026-01-31T09:00:00Z"
	case p.Type != ParameterInt:
		return "a text"
	case p.Minimum != nil && p.Maximum != nil:
		return fmt.Sprintf("a whole number from %d to %d", *p.Minimum, *p.Maximum)
	case p.Minimum != nil:
		return fmt.Sprintf("a whole number of at least %d", *p.Minimum)
	case p.Maximum != nil:
		return fmt.Sprintf("a whole number of at most %d", *p.Maximum)
	}
	return "a whole number"
}
