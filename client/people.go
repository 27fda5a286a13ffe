package client

import (
	"context"
	"net/http"

	"github.com/weirhq/weir"
)

// Setup is what the first start of a server asks for.
type Setup struct {
	Token        weir.Secret // that the server printed
	Organization string
	Email        string
	FullName     string
	Password     weir.Secret
}

// User is somebody who may use the server.
type User struct {
	ID       int64  `json:"id"`
	FullName string `json:"full_name"`
	Email    string `json:"email"`
	Status   string `json:"status"`
	Role     string `json:"role"`
}

// ServiceKey is what is known of a key that a program signs in with.
type ServiceKey struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	Prefix    string `json:"prefix"`
	Scope     string `json:"scope"`
	CreatedAt string `json:"created_at"`
	ExpiresAt string `json:"expires_at"`
	UsedAt    string `json:"last_used_at"`
	RevokedAt string `json:"revoked_at"`
}

// SetUp makes the first user, and gives a session of theirs.
func (c *Client) SetUp(ctx context.Context, s Setup) (session weir.Secret, err error) {
	var answer struct {
		Token string `json:"access_token"`
	}
	err = c.Call(ctx, http.MethodPost, "/setup", setupBody(s), &answer)
	return weir.NewSecret(answer.Token), err
}

// NewKey makes a service key of the caller's own, shown this once.
func (c *Client) NewKey(ctx context.Context, name string) (weir.Secret, error) {
	var answer struct {
		Key string `json:"key"`
	}
	err := c.Call(ctx, http.MethodPost, "/service_keys", map[string]any{"name": name}, &answer)
	return weir.NewSecret(answer.Key), err
}

// Me is who the caller is.
func (c *Client) Me(ctx context.Context) (u User, err error) {
	err = c.Call(ctx, http.MethodGet, "/users/current", nil, &u)
	return u, err
}
