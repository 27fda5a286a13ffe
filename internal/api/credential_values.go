package api

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/netguard"
)

// credentialValues finds out which kind a body is about, and its values.
func (a *API) credentialValues(in credentialInput) (kind string, values map[string]weir.Secret, err error) {
	k, err := a.kindOf(in)
	if err != nil {
		return "", nil, err
	}
	values, err = valuesOf(k, in)
	return k.Name, values, err
}

func (a *API) kindOf(in credentialInput) (*credential.Kind, error) {
	name := in.Vendor
	if in.VendorID != 0 {
		for _, v := range a.catalogue.vendors {
			if v.ID == in.VendorID {
				name = v.Name
			}
		}
		if name == "" {
			return nil, refuse("vendor_id", "there is no such vendor", "GET /vendors lists all")
		}
	}
	if in.AuthTemplateID != 0 {
		for _, t := range a.catalogue.templates {
			if t.ID == in.AuthTemplateID {
				name = t.vendor.Name
			}
		}
		if name == "" {
			return nil, refuse("auth_template_id", "there is no such template", "GET /auth_templates lists all")
		}
	}
	if name == "" {
		name = in.Type
	}
	if name == "" {
		return nil, refuse("credentials_type", "it is missing", "Say what the credential is for: cal_com_api, rest, postgres, mysql, s3, sqlite or file")
	}
	if same := sameKinds[name]; same != "" {
		name = same
	}
	k, err := a.Credentials.Kind(name)
	if err != nil {
		return nil, refuse("credentials_type", "there is no such kind of credential", remedyOf(err))
	}
	return k, nil
}

// sameKinds are types of the contract that are one kind to us.
var sameKinds = map[string]string{"min_io_s3": credential.KindS3, "mariadb": credential.KindMySQL, "cloudsql_mysql": credential.KindMySQL, "cloudsql_postgres": credential.KindPostgres}

// templateOf names the auth template of a kind.
func (a *API) templateOf(k *credential.Kind) map[string]any {
	for _, t := range a.catalogue.templates {
		if t.vendor.Name == k.Name {
			return map[string]any{"id": t.ID, "name": t.Name}
		}
	}
	return map[string]any{}
}

func remedyOf(err error) string {
	var e *weir.Error
	if errors.As(err, &e) {
		return e.Remedy
	}
	return ""
}

// validation is the problem of a credential that was not accepted: the user's
// to mend, with the reason, and no sign that who asks is nobody.
func validation(err error) error {
	var e *weir.Error
	var taken *flow.Taken
	if !errors.As(err, &e) || errors.As(err, &taken) { // which names what who asks may see
		return err
	}
	p := problemOf(err, http.MethodPost)
	switch e.Code {
	case weir.CodeAuth, weir.CodeForbidden, weir.CodeNotSent, weir.CodeTransient, weir.CodeCapability:
		p.status, p.code, p.hidden = http.StatusBadRequest, "CRED_001", nil
	}
	if e.Reason == credential.ReasonNotTheAPI { // the service's 404 is not ours
		p.status, p.code, p.hidden = http.StatusBadRequest, "CRED_001", nil
	}
	var throttled *credential.Throttled
	if errors.As(err, &throttled) {
		p.wait = time.Duration(throttled.Seconds) * time.Second
	}
	if e.Reason != "" {
		p.details = []Detail{{Field: e.Where, Message: e.Message, Remedy: e.Remedy, Reason: e.Reason}}
	}
	return p
}

// aliases are other words for a field, as the contract and its users have them.
var aliases = map[string]string{
	"api.key.auth.value": "api_key", "api_key_value": "api_key", "api.key.value": "api_key", "apiKey": "api_key", "api.key": "api_key", "key": "api_key",
	"API Key Value": "api_key", "access_token": "api_key", "token": "api_key", "token.value": "api_key",
	"base.url": "base_url", "api.url": "base_url", "api_url": "base_url", "url": "base_url",
	"api.key.auth.key": "header", "database_name": "database", "db": "database", "username": "user", "ssl_mode": "sslmode", "rate.limit": "rate_limit", "expires": "expires_at",
	"access_key": "access_key_id", "aws_access_key_id": "access_key_id", "secret_key": "secret_access_key", "aws_secret_access_key": "secret_access_key",
	"bucket_name": "bucket", "endpoint_url": "endpoint",
}

// ignored are words of the contract that mean nothing to us, with the only
// values of theirs that do no harm.
var ignored = map[string][]string{
	"auth.type": {"NONE", "API_KEY", "TOKEN", "BASIC"}, "api.key.include.mode": {"HEADER"}, "test.method": {"GET"}, "test.content.type": {"application/json"}, "test.body": {""},
	"ignore.ssl.cert.validation": {"false"}, "jwt.enabled": {"false"}, "hmac.enabled": {"false"}, "skip.validation": {"false"}, "credentials_type": nil,
}

// valuesOf reads a body's values into a kind's fields.
func valuesOf(k *credential.Kind, in credentialInput) (map[string]weir.Secret, error) {
	given := maps.Clone(in.Credentials)
	if given == nil {
		given = map[string]any{}
	}
	maps.Copy(given, in.TemplateConfig)
	out := map[string]weir.Secret{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		text, err := textOf(name, given[name])
		if err != nil {
			return nil, err
		}
		if known, isIgnored := ignored[name]; isIgnored {
			if known != nil && !slices.Contains(known, text) {
				return nil, refuse("credentials."+name, "this is not offered", "Use one of "+strings.Join(known, ", "))
			}
			continue
		}
		field := name
		if alias := aliases[name]; alias != "" {
			field = alias
		}
		out[field] = weir.NewSecret(text)
	}
	return out, unravel(k, given, out)
}

// unravel works out the fields that the contract says in other ways.
func unravel(k *credential.Kind, given map[string]any, out map[string]weir.Secret) error {
	text := func(name string) string {
		s, _ := given[name].(string)
		return s
	}
	if test := text("test.url"); test != "" {
		u, err := url.Parse(test)
		if err != nil || u.Host == "" || u.User != nil {
			return refuse("credentials.test.url", "this is not an address", "Write it as https://host/path")
		}
		if _, set := out["base_url"]; !set {
			out["base_url"] = weir.NewSecret(netguard.Origin(u))
		}
		if k.Connector == nil {
			out["test_path"] = weir.NewSecret(u.RequestURI())
		}
	}
	if region := text("region"); region != "" && k.Connector != nil {
		if k.Connector.Regions[region] == "" {
			return refuse("template_config.region", "there is no such region", "Use one of "+strings.Join(slices.Sorted(maps.Keys(k.Connector.Regions)), ", "))
		}
		if _, set := out["base_url"]; !set {
			out["base_url"] = weir.NewSecret(k.Connector.Regions[region])
		}
	}
	if k.Connection == "rest" {
		delete(out, "region")
	}
	delete(out, "test.url")
	if password := text("basic.password"); text("auth.type") == "BASIC" && k.Connection == "rest" {
		out["prefix"], out["api_key"] = weir.NewSecret("Basic"), weir.NewSecret(base64.StdEncoding.EncodeToString([]byte(text("basic.username")+":"+password)))
	}
	delete(out, "basic.username")
	delete(out, "basic.password")
	if k.Connector == nil && k.Connection == "rest" {
		splitPrefix(text("api.key.auth.value"), out)
	} else {
		delete(out, "header") // a connector knows its own
	}
	return nil
}

// splitPrefix parts "Bearer abc" into prefix and value.
func splitPrefix(value string, out map[string]weir.Secret) {
	prefix, rest, found := strings.Cut(value, " ")
	if _, set := out["prefix"]; found && !set {
		out["prefix"], out["api_key"] = weir.NewSecret(prefix), weir.NewSecret(strings.TrimSpace(rest))
	}
}

// exact is the largest whole number up to which JSON's numbers are exact for all
// who read them.
const exact = 1<<53 - 1

// textOf reads a value of any plain JSON type as text.
func textOf(field string, v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		return fmt.Sprint(v), nil
	case float64:
		if math.Abs(v) > exact {
			return "", refuse("credentials."+shown(field), "this number is too large to be kept exactly", "Send it as text")
		}
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	return "", refuse("credentials."+shown(field), "it must be text, a number or true or false", "")
}

// blameWire names the field that is to blame as the user wrote it.
func blameWire(err error, in credentialInput) error {
	if err == nil {
		return nil
	}
	prefix := ""
	switch {
	case in.TemplateConfig != nil:
		prefix = "template_config."
	case in.Credentials != nil:
		prefix = "credentials."
	}
	return inBody(err, prefix)
}
