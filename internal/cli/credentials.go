package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

// credentialsCommand is `weir credentials`.
type credentialsCommand struct {
	List    credentialsList    `cmd:"" default:"withargs" help:"List credentials."`
	Show    credentialsShow    `cmd:"" help:"Show one credential. No secret is ever shown."`
	Add     credentialsAdd     `cmd:"" help:"Validate a key or login and store it."`
	Replace credentialsReplace `cmd:"" help:"Replace a credential's secret, after validating the new one."`
	Check   credentialsCheck   `cmd:"" help:"Ask the service whether a credential is still good."`
	Rotate  credentialsRotate  `cmd:"" help:"Let Cal.com make a new key, which replaces the old one at once."`
	Delete  credentialsDelete  `cmd:"" help:"Delete a credential that nothing uses."`
}

const credentialsNoun = "data_credentials"

type credentialsList struct{ remoteFlags }

// Run lists them.
func (c credentialsList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.Credential](s.ctx, server, "/"+credentialsNoun, nil)
	if err != nil {
		return err
	}
	return c.print(s, all, "ID\tNAME\tKIND\tSTATUS\tACCOUNT\tEXPIRES", func(w io.Writer) {
		for _, c := range all {
			account := ""
			if c.Account != nil {
				account = c.Account.Email
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", c.ID, c.Name, c.Kind(), c.Status, account, day(c.ExpiresAt))
		}
	})
}

// day is the date of a time.
func day(text string) string { return text[:min(len(text), len("2006-01-02"))] }

type credentialsShow struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the credential."`
}

// Run shows it.
func (c credentialsShow) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	found, err := client.Get[client.Credential](s.ctx, server, credentialsNoun, c.ID)
	if err != nil {
		return err
	}
	return c.show(s, found)
}

func (f remoteFlags) show(s *session, c client.Credential) error {
	return f.print(s, c, fmt.Sprintf("credential %d\t%s", c.ID, c.Name), func(w io.Writer) {
		fmt.Fprintf(w, "kind\t%s\nstatus\t%s\n", c.Kind(), strings.TrimSpace(c.Status+" "+c.Problem))
		if c.Account != nil {
			fmt.Fprintf(w, "account\t%s <%s>, %s\n", c.Account.Name, c.Account.Email, c.Account.TimeZone)
		}
		for _, field := range sortedKeys(c.Settings) {
			fmt.Fprintf(w, "%s\t%s\n", field, c.Settings[field])
		}
		fmt.Fprintf(w, "used by\tsources: %s; destinations: %s\n", list(c.ReferencedByIDs.Sources), list(c.ReferencedByIDs.Destinations))
	})
}

// secretFlags are where a credential's secret comes from: never an argument.
type secretFlags struct {
	Set        map[string]string `placeholder:"FIELD=VALUE" help:"A field that is no secret, such as base_url, host, database, bucket or path; may be repeated."`
	SecretFile string            `name:"secret-file" placeholder:"FILE" help:"File with the key or password (default: $CAL_API_KEY, $PGPASSWORD, $MYSQL_PWD or $AWS_SECRET_ACCESS_KEY, or asked for)."`
}

// values reads the fields. Kinds without a secret ask for none.
func (f secretFlags) values(s *session, kind string) (settings map[string]string, secrets map[string]weir.Secret, err error) {
	field, variable, what := secretOf(kind)
	for _, name := range []string{"api_key", "password", "secret_access_key"} {
		if f.Set[name] != "" {
			return nil, nil, keyOnCommandLine("--set " + name)
		}
	}
	if field == "" {
		return f.Set, nil, nil
	}
	secret, err := askSecret(s, what, f.SecretFile, variable)
	return f.Set, map[string]weir.Secret{field: secret}, err
}

// secretOf says which field of a kind is secret, and where it may come from.
func secretOf(kind string) (field, variable, what string) {
	switch kind {
	case "sqlite", "file":
		return "", "", ""
	case "postgres":
		return "password", "PGPASSWORD", "Password"
	case "mysql":
		return "password", "MYSQL_PWD", "Password"
	case "s3":
		return "secret_access_key", "AWS_SECRET_ACCESS_KEY", "Secret access key"
	}
	return "api_key", keyVariable, "API key"
}

type credentialsAdd struct {
	remoteFlags
	secretFlags
	Name string `arg:"" help:"What to call it."`
	Kind string `default:"cal_com_api" help:"cal_com_api, rest, postgres, mysql, s3, sqlite or file (default cal_com_api)."`
}

// Run adds it.
func (c credentialsAdd) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	settings, secrets, err := c.values(s, c.Kind)
	if err != nil {
		return err
	}
	var made client.Credential
	if err := server.Call(s.ctx, http.MethodPost, "/"+credentialsNoun, client.CredentialBody(c.Name, c.Kind, settings, secrets), &made); err != nil {
		return err
	}
	return c.show(s, made)
}

type credentialsReplace struct {
	remoteFlags
	secretFlags
	ID           int64 `arg:"" help:"Id of the credential."`
	OtherAccount bool  `name:"confirm-other-account" help:"The new key may be of another account."`
}

// Run replaces the secret.
func (c credentialsReplace) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	before, err := client.Get[client.Credential](s.ctx, server, credentialsNoun, c.ID)
	if err != nil {
		return err
	}
	settings, secrets, err := c.values(s, before.Kind())
	if err != nil {
		return err
	}
	body := client.CredentialBody("", "", settings, secrets)
	body["confirm_other_account"] = c.OtherAccount
	after, err := client.Do[client.Credential](s.ctx, server, http.MethodPut, credentialsNoun, c.ID, "", body)
	if err != nil {
		return err
	}
	return c.show(s, after)
}

type credentialsCheck struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the credential."`
}

// Run checks it, at one request.
func (c credentialsCheck) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	if _, err := client.Do[map[string]any](s.ctx, server, http.MethodGet, credentialsNoun, c.ID, "probe", nil); err != nil {
		return err
	}
	return credentialsShow(c).Run(s)
}

type credentialsRotate struct {
	remoteFlags
	ID   int64 `arg:"" help:"Id of the credential."`
	Days int   `default:"90" help:"How long the new key lives, in days (default 90)."`
}

// Run rotates the key.
func (c credentialsRotate) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	after, err := client.Do[client.Credential](s.ctx, server, http.MethodPost, credentialsNoun, c.ID, "rotate", map[string]any{"days": c.Days})
	if err != nil {
		return err
	}
	return c.show(s, after)
}

type credentialsDelete struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the credential."`
}

// Run deletes it.
func (c credentialsDelete) Run(s *session) error { return c.remove(s, credentialsNoun, c.ID) }

// remove deletes one thing.
func (f remoteFlags) remove(s *session, noun string, id int64) error {
	server, err := f.dial(s)
	if err != nil {
		return err
	}
	if _, err := client.Do[map[string]any](s.ctx, server, http.MethodDelete, noun, id, "", nil); err != nil {
		return err
	}
	fmt.Fprintln(s.Stdout, "Deleted.")
	return nil
}
