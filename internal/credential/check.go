package credential

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/destination/s3"
	"github.com/weirhq/weir/internal/governor"
	"github.com/weirhq/weir/internal/netguard"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/store"
)

// A person waits for a validation, and clients give up after ten seconds.
const (
	checkTimeout = 9 * time.Second
	// longestWait for a place in the key's window; beyond it the answer is
	// that the budget is used up, and for how long.
	longestWait = 4 * time.Second
)

// Reasons that validation gives besides those of a refused key
// ("key_unknown", "key_expired", "key_revoked", "key_malformed").
const (
	ReasonUnreachable = "host_unreachable"
	ReasonNotTheAPI   = "not_the_api"
	ReasonBudget      = "budget_used_up"
	ReasonForbidden   = "forbidden"
	ReasonServer      = "server_error"
	ReasonAccount     = "other_account"
	ReasonRotation    = "rotation_unknown"
)

// Throttled says how long a key's budget is used up.
type Throttled struct {
	Seconds int
	err     *weir.Error
}

// Error says it in words.
func (t *Throttled) Error() string { return t.err.Error() }

// Unwrap gives the error's class.
func (t *Throttled) Unwrap() error { return t.err }

// found is what a validation learned.
type found struct {
	status  Status
	account *connector.Account
}

// apply writes what was learned into the credential.
func (f found) apply(c *Credential, now int64) {
	c.Resource.Status, c.Account = string(f.status), f.account
	c.Reason, c.Problem, c.CheckedAt = "", "", now
	c.VerifiedAt = 0
	if f.status == StatusVerified {
		c.VerifiedAt = now
	}
}

// validate shows the credential to what it is for. Its errors name the field
// that is to blame and carry a Reason.
func (s *Service) validate(ctx context.Context, c *Credential, secrets map[string]weir.Secret) (found, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	switch c.Kind.Connection {
	case "rest":
		return s.validateREST(ctx, c, secrets[fieldKey])
	case "postgres":
		target, options := c.postgres(secrets[fieldPassword])
		return s.validateDatabase(ctx, target, options)
	case "mysql":
		target, options := c.mysql(secrets[fieldPassword])
		return s.validateDatabase(ctx, target, options)
	case "s3":
		if _, err := s3.Open(ctx, s.bucket(c, secrets[fieldSecretKey])); err != nil {
			return found{}, blameStorage(err, fieldEndpoint, fieldSecretKey)
		}
		return found{status: StatusVerified}, nil
	case "sqlite", "file":
		return found{status: StatusVerified}, s.checkPath(c)
	}
	return found{status: StatusUnverified}, nil
}

// validateREST makes the one request that tells whether the key may be used.
func (s *Service) validateREST(ctx context.Context, c *Credential, key weir.Secret) (found, error) {
	if c.Origin == "" || c.Kind.Connector == nil && c.Settings[fieldTestPath] == "" {
		return found{status: StatusUnverified}, nil
	}
	line, err := s.dial(c, key, 0)
	if err != nil {
		return found{}, err
	}
	if err := room(ctx, line.Budget, s.Now()); err != nil {
		return found{}, err
	}
	if c.Kind.Connector == nil {
		_, err := line.Client.Exchange(ctx, rest.Request{Method: "GET", URL: c.Origin + c.Settings[fieldTestPath], Lane: weir.LaneInteractive, AnyType: true})
		if err == nil {
			reached(ctx, StepKey)
		}
		return found{status: StatusVerified}, s.blameREST(ctx, c, line, err)
	}
	account, err := c.Kind.Connector.Account(ctx, c.Origin, line.Client)
	if err == nil {
		reached(ctx, StepKey, StepAccount)
	}
	return found{status: StatusVerified, account: &account}, s.blameREST(ctx, c, line, err)
}

// room refuses at once when the key's window is full for longer than a person waits.
func room(ctx context.Context, b *governor.Budget, now time.Time) error {
	if err := b.Refresh(ctx); err != nil {
		return err
	}
	if wait := b.Stats().Next.Sub(now); wait > longestWait {
		return usedUp(wait)
	}
	return nil
}

func usedUp(wait time.Duration) error {
	seconds := max(1, int(wait.Round(time.Second)/time.Second))
	return &Throttled{Seconds: seconds, err: &weir.Error{Code: weir.CodeThrottled, Reason: ReasonBudget, Where: fieldKey,
		Message: fmt.Sprintf("the key's budget is used up for %d more seconds", seconds), Remedy: "Try again then; nothing is wrong with the key"}}
}

// blameREST gives an error of the one request its field and reason.
func (s *Service) blameREST(ctx context.Context, c *Credential, line *Line, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = &weir.Error{Code: weir.CodeNotSent, Message: fmt.Sprintf("the host did not answer within %d seconds", int(checkTimeout.Seconds())), Remedy: "Check the address, and try again"}
	}
	if weir.CodeOf(err) == weir.CodeThrottled {
		return usedUp(max(time.Second, line.Budget.Stats().Next.Sub(s.Now())))
	}
	err = blame(err, fieldBaseURL, fieldKey)
	var e *weir.Error
	if errors.As(err, &e) && e.Reason == "key_unknown" && c.Kind.Connector != nil {
		e.Remedy = otherRegion(c)
	} else if errors.As(err, &e) && e.Remedy == "" {
		e.Remedy = remedies[e.Reason]
	}
	return err
}

// remedies are for what the service says nothing more about.
var remedies = map[string]string{
	ReasonNotTheAPI: "Check the address, and the path that is asked",
	ReasonServer:    "Try again in a while",
	ReasonForbidden: "Let whoever made the key allow it more, or use another",
	"key_unknown":   "Copy it again, and check the address",
	"key_refused":   "Copy it again, and check where the service wants it: in which header, with which word before it",
}

// otherRegion is the advice for a key that its server does not know.
func otherRegion(c *Credential) string {
	for name, url := range c.Kind.Connector.Regions {
		if url != c.Origin && c.Origin == c.Kind.Connector.BaseURL {
			return fmt.Sprintf("Copy it again; a key of the %s region needs %s as the address", name, url)
		}
	}
	return "Copy it again, and check that the address is where the key was made"
}

// blame names the field that an error is about: the place's, when nobody
// useful answered there, or the secret's.
func blame(err error, place, secret string) error {
	out := &weir.Error{Code: weir.CodeOf(err), Message: err.Error(), Err: err}
	var known *weir.Error
	if errors.As(err, &known) {
		copied := *known
		out = &copied
	}
	out.Where = secret
	switch out.Code {
	case weir.CodeNotSent:
		out.Where, out.Reason = place, ReasonUnreachable
	case weir.CodeCapability, weir.CodeNotFound, weir.CodeConfig, weir.CodeConflict:
		out.Where, out.Reason = place, ReasonNotTheAPI
	case weir.CodeTransient:
		out.Where, out.Reason = place, ReasonServer
		if place != fieldBaseURL {
			out.Reason = ReasonUnreachable
		}
	case weir.CodeForbidden:
		out.Reason = ReasonForbidden
	}
	return out
}

// checkPath makes sure that the path lies in the server's directory of files,
// whatever links there are.
func (s *Service) checkPath(c *Credential) error {
	if err := os.MkdirAll(c.dir(s.Files), 0o700); err != nil {
		return &weir.Error{Code: weir.CodeLocal, Where: fieldPath, Message: "the server's directory of files cannot be made", Err: err}
	}
	root, err := os.OpenRoot(c.dir(s.Files))
	if err != nil {
		return &weir.Error{Code: weir.CodeLocal, Where: fieldPath, Message: "the server's directory of files cannot be opened", Err: err}
	}
	defer func() { _ = root.Close() }() // only looked at
	path := c.Settings[fieldPath]
	if dir := filepath.Dir(path); dir != "." {
		if err := root.MkdirAll(dir, 0o700); err != nil {
			return refuse(fieldPath, "it cannot be made in the server's directory of files", "Name another path")
		}
	}
	info, err := root.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return refuse(fieldPath, "it leads out of the server's directory of files", "Name another path")
	case info.IsDir() != (c.Kind.Connection == "file"):
		return refuse(fieldPath, "there is something else of this name", "Name another path")
	}
	return nil
}

// Limit is the requests per minute that the credential's key has, for those
// who plan.
func (c *Credential) Limit() int { return cmp.Or(c.limit(), governor.DefaultLimit) }

// RotateDays is how many days before its key ends the credential is rotated by
// itself; 0 for never.
func (c *Credential) RotateDays() int {
	n, _ := strconv.Atoi(c.Settings[fieldRotate]) // checked when it was stored
	return n
}

// limit is the requests per minute that the credential's key has.
func (c *Credential) limit() int {
	n, _ := strconv.Atoi(c.Settings[fieldRateLimit]) // checked when it was stored; 0 is the default
	return n
}

// Check asks again whether the credential is good, and keeps the answer. An
// error that is about the credential has changed its status; one that is not
// (nobody answered, the budget is used up) has not.
func (s *Service) Check(ctx context.Context, who Actor, id int64) (*Credential, error) {
	c, secrets, err := s.take(ctx, Use{Actor: who, Credential: id, Purpose: "validate"})
	if err != nil {
		return c, err
	}
	learned, problem := s.validate(ctx, c, secrets)
	if problem == nil && !c.sameAccount(learned.account) {
		problem = c.otherAccount(learned.account)
	}
	if problem != nil && !definitive(problem) {
		return c, problem
	}
	asked := c
	err = s.Store.Change(ctx, func(tx *store.Tx) error {
		fresh, err := s.hold(ctx, tx, who.Org, id)
		if err != nil {
			return err
		}
		if fresh.SecretVersion != asked.SecretVersion || fresh.Status() == StatusUnknown {
			c = fresh // replaced, or being rotated: what was learned is about the old key
			return nil
		}
		c = fresh
		if problem == nil {
			learned.apply(c, s.now())
		} else {
			c.fail(problem, s.now())
		}
		if err := s.save(ctx, tx, c); err != nil {
			return err
		}
		if err := s.tellStatus(ctx, tx, c); err != nil {
			return err
		}
		return s.tell(ctx, tx, who, "credential.check", c, map[string]any{"status": c.Resource.Status, "reason": c.Reason})
	})
	return c, errors.Join(err, problem)
}

// definitive reports whether an error is about the credential itself.
func definitive(err error) bool {
	code := weir.CodeOf(err)
	return code == weir.CodeAuth || code == weir.CodeForbidden || code == weir.CodeUsage || code == weir.CodeConfig
}

// fail writes down why a credential no longer serves.
func (c *Credential) fail(problem error, now int64) {
	c.Resource.Status, c.CheckedAt = string(StatusFailed), now
	var e *weir.Error
	if errors.As(problem, &e) {
		c.Reason, c.Problem = e.Reason, strings.TrimSuffix(e.Message+". "+e.Remedy, ". ")
	}
}

// sameAccount reports whether a key belongs to the account that the
// credential is pinned to.
func (c *Credential) sameAccount(a *connector.Account) bool {
	return c.Account == nil || a == nil || c.Account.ID == a.ID
}

func (c *Credential) otherAccount(a *connector.Account) error {
	return &weir.Error{Code: weir.CodeUsage, Reason: ReasonAccount, Where: fieldKey,
		Message: fmt.Sprintf("this key belongs to another account, %s <%s>; the credential is of %s <%s>", a.Name, a.Email, c.Account.Name, c.Account.Email),
		Remedy:  "Make a new credential for it, or confirm that the sources shall read the other account from now on (confirm_other_account)"}
}

// dial makes what speaks to the credential's origin with a key, for a source or
// for none.
func (s *Service) dial(c *Credential, key weir.Secret, source int64) (*Line, error) {
	client, err := s.http(c.Origin)
	if err != nil {
		return nil, weir.At(fieldBaseURL, err)
	}
	line := &Line{Credential: c, Budget: s.Governor.Budget(c.Origin, key, c.limit())}
	c.Budget = s.Governor.Name(c.Origin, key)
	use := store.BudgetUse{Org: c.Org, Budget: c.Budget, Credential: c.ID, Source: source}
	o := rest.ClientOptions{HTTP: client, Origin: c.Origin, Key: key, Budget: &metered{line.Budget, &s.meter, use, s.Now}, Logger: s.Logger.With("org", c.Org, "credential", c.ID)}
	if d := c.Kind.Connector; d != nil {
		o.AuthHeader, o.AuthPrefix = d.Auth.Header, d.Auth.Prefix
	} else {
		o.AuthHeader = c.Settings[fieldHeader]
		if prefix := c.Settings[fieldPrefix]; prefix != "" {
			o.AuthPrefix = prefix + " "
		}
	}
	line.Client, err = rest.NewClient(o)
	return line, err
}

// http gives the guarded way to an origin, the same each time.
func (s *Service) http(origin string) (*http.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.clients[origin]; c != nil {
		return c, nil
	}
	guard, err := s.guard(origin)
	if err != nil {
		return nil, err
	}
	s.clients[origin] = guard.Client()
	return s.clients[origin], nil
}

// guard guards the way to an origin that a user has named.
func (s *Service) guard(origin string) (*netguard.Guard, error) {
	if s.NoLoopback && netguard.OnLoopback(origin) && origin != s.BaseURL {
		return nil, refuse("", "it leads to the server's own machine, which other machines' users may not reach", "Use the address of the service; the operator allows this with --allow-loopback")
	}
	return netguard.New(origin)
}
