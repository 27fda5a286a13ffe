package cli

import (
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// oidcFlags are an identity provider that whoever runs the server trusts.
type oidcFlags struct {
	Issuer     string   `name:"oidc-issuer" env:"WEIR_OIDC_ISSUER" placeholder:"URL" help:"OpenID Connect provider that users may sign in with, such as https://accounts.google.com."`
	ClientID   string   `name:"oidc-client-id" env:"WEIR_OIDC_CLIENT_ID" placeholder:"ID" help:"What the provider calls this server. Its secret is in --oidc-secret-file or $WEIR_OIDC_SECRET."`
	SecretFile string   `name:"oidc-secret-file" placeholder:"FILE" help:"File with the client secret."`
	Domains    []string `name:"oidc-domains" env:"WEIR_OIDC_DOMAINS" placeholder:"DOMAIN,…" help:"Domains of e-mail addresses that may sign in."`
	Users      []string `name:"oidc-users" env:"WEIR_OIDC_USERS" placeholder:"E-MAIL,…" help:"E-mail addresses that may sign in besides."`
	Create     bool     `name:"oidc-create-users" help:"Make a user of who is unknown. They are never owners."`
	Role       string   `name:"oidc-role" default:"collaborator" enum:"admin,operator,collaborator" help:"Role of users who are made: ${enum}."`
	Org        int64    `name:"oidc-org" default:"1" placeholder:"ID" help:"Organization that they sign in to (default 1, the first)."`
	Title      string   `name:"oidc-name" default:"Single sign-on" placeholder:"NAME" help:"What the sign-in page calls the provider."`
}

// oidcSecret is where the secret is, when it is in no file.
const oidcSecret = "WEIR_OIDC_SECRET" // #nosec G101 -- a variable's name

// provider reads the flags; nil without an issuer.
func (f oidcFlags) provider(s *session) (*identity.ProviderConfig, string, error) {
	if f.Issuer == "" {
		return nil, "", nil
	}
	secret := s.Getenv(oidcSecret)
	if f.SecretFile != "" {
		var err error
		if secret, err = readKeyFile(f.SecretFile); err != nil {
			return nil, "", weir.At("--oidc-secret-file", err)
		}
	}
	if secret = strings.TrimSpace(secret); secret == "" {
		return nil, "", &weir.Error{Code: weir.CodeConfig, Where: "--oidc-secret-file", Message: "the provider's client secret is missing", Remedy: "Name a file that holds it, or put it into the environment as " + oidcSecret}
	}
	s.secrets.add(secret)
	return &identity.ProviderConfig{Issuer: f.Issuer, ClientID: f.ClientID, Secret: weir.NewSecret(secret), Domains: f.Domains, Users: f.Users, Org: f.Org, CreateUsers: f.Create, Role: identity.Role(f.Role)}, f.Title, nil
}
