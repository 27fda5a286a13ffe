package client

import (
	"net/http"

	"github.com/weirhq/weir"
)

// prove puts the session token, or for signing in the service key, into the
// request.
func prove(req *http.Request, proof weir.Secret, signingIn bool) {
	switch {
	case proof.IsZero():
	case signingIn:
		req.Header.Set("Authorization", "Basic "+proof.Expose())
	default:
		req.Header.Set("Authorization", "Bearer "+proof.Expose())
	}
}

// setupBody is what a setup sends: the one body with secrets of the user's.
func setupBody(s Setup) map[string]string {
	return map[string]string{"token": s.Token.Expose(), "organization": s.Organization, "email": s.Email, "full_name": s.FullName, "password": s.Password.Expose()}
}

// CredentialBody is what makes a credential or replaces its values: settings
// as they are, and secrets by field.
func CredentialBody(name, kind string, settings map[string]string, secrets map[string]weir.Secret) map[string]any {
	values := map[string]any{}
	for field, value := range settings {
		values[field] = value
	}
	for field, value := range secrets {
		values[field] = value.Expose()
	}
	out := map[string]any{"credentials": values}
	if name != "" {
		out["name"] = name
	}
	if kind != "" {
		out["credentials_type"] = kind
	}
	return out
}

// ChannelConfig is the configuration that sets a channel up or changes it:
// settings as they are, and secrets by field.
func ChannelConfig(name string, settings map[string]string, secrets map[string]weir.Secret) map[string]any {
	config := map[string]any{"name": name}
	for field, value := range settings {
		config[field] = value
	}
	for field, value := range secrets {
		config[field] = value.Expose()
	}
	return config
}

func signInBody(email string, password weir.Secret) map[string]string {
	return map[string]string{"email": email, "password": password.Expose()}
}

func acceptBody(link, password weir.Secret) map[string]string {
	return map[string]string{"link": link.Expose(), "password": password.Expose()}
}
