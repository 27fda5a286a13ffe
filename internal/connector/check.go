package connector

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// The forms of names.
var (
	idForm      = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	datasetForm = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
)

// checkDefinition checks connector.yaml.
func (l *loader) checkDefinition() {
	d := l.definition
	wrong := func(path []any, format string, args ...any) {
		l.problems = append(l.problems, problem{l.top.name, l.top.line(path...), fmt.Sprintf(format, args...)})
	}
	for _, f := range []struct{ path, value, right string }{
		{"name", d.Name, "name: calcom"},
		{"title", d.Title, "title: Cal.com"},
		{"base_url", d.BaseURL, "base_url: https://api.cal.com"},
		{"auth.header", d.Auth.Header, "auth: {header: Authorization}"},
		{"check.path", d.Check.Path, "check: {path: /v2/me}"},
		{"check.account_id", d.Check.AccountID, "check: {account_id: data.id}"},
	} {
		if f.value == "" {
			wrong(parts(f.path), "%s is missing; write it as %s", f.path, f.right)
		}
	}
	if d.Name != "" && !idForm.MatchString(d.Name) {
		wrong([]any{"name"}, "name %q is not lower-case words with hyphens; write it as calcom", d.Name)
	}
	if d.Check.Path != "" && !strings.HasPrefix(d.Check.Path, "/") {
		wrong([]any{"check", "path"}, "path %q does not begin with /; the base URL stands before it", d.Check.Path)
	}
	if d.Limit.Requests < 1 || d.Limit.Seconds < 1 {
		wrong([]any{"limit"}, "limit needs requests and seconds, each at least 1; write it as limit: {requests: 120, seconds: 60}")
	}
	if d.BaseURL != "" && !isOrigin(d.BaseURL) {
		wrong([]any{"base_url"}, "base_url %q is not https:// and a host; write it as https://api.cal.com", d.BaseURL)
	}
	for name, base := range d.Regions {
		if !isOrigin(base) {
			wrong([]any{"regions", name}, "region %s: %q is not https:// and a host; write it as https://api.cal.eu", name, base)
		}
	}
	if len(d.Endpoints) == 0 {
		wrong(nil, "there is no endpoint; describe some in endpoints/*.yaml")
	}
}

// parts makes a path for document.line of a dotted one.
func parts(dotted string) []any {
	var out []any
	for p := range strings.SplitSeq(dotted, ".") {
		out = append(out, p)
	}
	return out
}

// isOrigin reports whether a text is https and a host, and nothing more.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Host != "" && text == "https://"+u.Host
}
