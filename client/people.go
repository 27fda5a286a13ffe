package client

import (
	"context"
	"net/http"
	"strings"

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
	Waits     bool   `json:"waits"` // it does nothing until it is confirmed
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

// SignIn begins a session with a password, as a browser does.
func (c *Client) SignIn(ctx context.Context, email string, password weir.Secret) (session weir.Secret, err error) {
	return c.begin(ctx, "/session", signInBody(email, password))
}

// AcceptLink sets the password of a link's user, and begins a session.
func (c *Client) AcceptLink(ctx context.Context, link, password weir.Secret) (session weir.Secret, err error) {
	return c.begin(ctx, "/links/accept", acceptBody(link, password))
}

// begin makes a call that answers with a session in a cookie.
func (c *Client) begin(ctx context.Context, path string, in any) (weir.Secret, error) {
	h, err := c.call(ctx, http.MethodPost, path, in, nil)
	if err != nil {
		return weir.Secret{}, err
	}
	for _, cookie := range (&http.Response{Header: h}).Cookies() {
		if strings.HasPrefix(cookie.Value, "wst_") {
			return weir.NewSecret(cookie.Value), nil
		}
	}
	return weir.Secret{}, &weir.Error{Code: weir.CodeCapability, Where: "server", Message: "the answer has no session", Remedy: "Check the address: another program may be answering"}
}

// Member is a user as the organization's administrators change them.
type Member struct {
	User
	Invited bool  `json:"invited"`
	Locked  bool  `json:"account_locked"`
	Link    *Link `json:"password_link"`
}

// Link lets a user choose a password.
type Link struct {
	Link      string `json:"link"`
	ExpiresAt string `json:"expires_at"`
}

// Org is one of the caller's organizations.
type Org struct {
	ID     int64    `json:"id"`
	Name   string   `json:"name"`
	Domain string   `json:"email_domain"`
	Roles  []string `json:"access_roles"`
}

// Team is some of an organization's users.
type Team struct {
	ID          int64        `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Members     []TeamMember `json:"members"`
}

// TeamMember is one of a team.
type TeamMember struct {
	ID    int64  `json:"id,omitzero"`
	Email string `json:"email,omitzero"`
	Admin bool   `json:"admin,omitzero"`
}

// Session is one of the caller's sessions.
type Session struct {
	ID        int64  `json:"id"`
	Kind      string `json:"kind"`
	SeenAt    string `json:"seen_at"`
	ExpiresAt string `json:"expires_at"`
	IP        string `json:"request_ip"`
	UserAgent string `json:"request_user_agent"`
	Current   bool   `json:"current"`
}
