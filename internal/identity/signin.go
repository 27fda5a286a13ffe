package identity

import (
	"context"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// SignIn is what somebody types to sign in.
type SignIn struct {
	Email    string
	Password weir.Secret
	Org      int64  // 0 for the oldest of the user's organizations
	Before   string // the session token that the browser had; its session ends
	Client   Client
}

// SignIn begins a session for who knows the password. CodeAuth says that
// e-mail or password is wrong and nothing more; CodeThrottled, with a Wait,
// that there were too many tries.
func (s *Service) SignIn(ctx context.Context, in SignIn) (Session, error) {
	device, err := s.ownDevice(ctx, in)
	if err != nil {
		return Session{}, err
	}
	if device != 0 {
		return s.signIn(ctx, in, device, nil)
	}
	out, crowd, err := s.letIn(ctx, in)
	if crowd && weir.CodeOf(err) == weir.CodeThrottled {
		s.lanes.keep(ctx) // at no door: others are looked at meanwhile
	}
	return out, err
}

// letIn is SignIn for a stranger.
func (s *Service) letIn(ctx context.Context, in SignIn) (out Session, crowd bool, err error) {
	looked, crowd, err := s.lanes.knock(ctx, func() error { return s.glance(in) })
	if err != nil {
		return Session{}, crowd, err
	}
	defer looked()
	out, err = s.signIn(ctx, in, 0, looked)
	return out, crowd, err
}

// glance turns away in a crowd, without reading anything, whoever would be
// refused anyway: who was found to have to wait a moment ago, and everybody while
// no more may wait to have a password computed.
func (s *Service) glance(in SignIn) error {
	now := s.now()
	if until := s.memory.until(s.subjects(loginOf(in.Email), false, in.Client), now); until.After(now) {
		return throttled(now, until)
	}
	if s.lanes.full() {
		return crowded()
	}
	return nil
}

// ownDevice is the account that the browser has signed in to before, if it is the
// one that somebody wants to sign in to now; 0 otherwise: whoever has an account is
// a stranger to all others.
func (s *Service) ownDevice(ctx context.Context, in SignIn) (int64, error) {
	device, err := s.deviceAccount(ctx, in.Client)
	if err != nil || device == 0 {
		return 0, err
	}
	u, found, err := s.db.UserByLogin(ctx, loginOf(in.Email))
	if err != nil || !found || u.ID != device {
		return 0, err
	}
	return device, nil
}

// signIn is SignIn for a browser that has signed in to the account before, or, with
// device 0, for a stranger who was let in.
func (s *Service) signIn(ctx context.Context, in SignIn, device int64, looked func()) (Session, error) {
	login := loginOf(in.Email)
	if device == 0 { // before anybody is looked up: who must wait learns nothing by the time it takes
		if err := s.admit(ctx, s.subjects(login, false, in.Client)); err != nil {
			return Session{}, err
		}
	}
	u, found, err := s.db.UserByLogin(ctx, login)
	if err != nil {
		return Session{}, err
	}
	if !found {
		_ = s.sealUser(store.User{Login: login, Email: login}) // the same work for nobody
	} else if !s.genuineUser(ctx, u) {
		u = store.User{}
	}
	known := device != 0 && device == u.ID
	t := trial{user: u, known: known, subjects: s.subjects(login, known, in.Client), looked: looked}
	if err := s.try(ctx, &t, in.Password); err != nil {
		return Session{}, err
	}
	var out Session
	var right bool
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		out = Session{}
		now := t
		if now.right {
			out, err = s.signedIn(ctx, tx, &now, in)
		} else {
			err = s.failed(ctx, tx, now, in.Client)
		}
		right = now.right
		return err
	})
	if err == nil && !right {
		err = wrong()
	}
	return out, err
}

// trial is one comparison of a password.
type trial struct {
	user     store.User // zero for nobody
	known    bool       // the browser is
	subjects []subject
	looked   func()    // is called before it waits for its turn; may be nil
	at       time.Time // when it was counted
	last     bool      // no more for now
	right    bool
	rehashed string // what to store instead of a hash of another cost than today's; "" for none
}

// try counts and compares, in this order. Whoever must wait is told before a
// place to compute is taken.
func (s *Service) try(ctx context.Context, t *trial, password weir.Secret) error {
	if err := s.admit(ctx, t.subjects); err != nil {
		return err
	}
	if t.looked != nil {
		t.looked()
	}
	leave, err := s.lanes.enter(ctx, t.known)
	if err != nil {
		return err
	}
	defer leave()
	if t.at, t.last, err = s.reserve(ctx, t.subjects); err != nil {
		return err
	}
	right, stale := s.matches(password, t.user.Password)
	if t.right = right; right && stale {
		t.rehashed, err = s.hashNow(password)
	}
	return err
}

// deviceAccount is the account that the browser has signed in to before; 0 for
// none.
func (s *Service) deviceAccount(ctx context.Context, c Client) (int64, error) {
	if !deviceForm.fits(c.Device) {
		return 0, nil
	}
	return s.db.DeviceAccount(ctx, digest(c.Device), s.now().Add(-deviceAge).UnixMicro())
}

// failed writes down that a sign-in failed, and that it was the last for now.
// What was typed is not written: people type passwords in the wrong place.
func (s *Service) failed(ctx context.Context, tx *store.Tx, t trial, c Client) error {
	e := audit.Entry{Action: "user.sign_in_failed", Kind: "user", Object: t.user.ID, Detail: map[string]any{"address": c.address(), "known_browser": t.known}}
	memberships, err := tx.Memberships(ctx, t.user.ID) // asked for nobody, too: it takes as long
	if err != nil {
		return err
	}
	if len(memberships) > 0 {
		e.Org = memberships[0].Org
	}
	if err := s.audit.AppendTx(ctx, tx, e); err != nil || !t.last {
		return err
	}
	e.Action = "user.sign_in_locked"
	return s.audit.AppendTx(ctx, tx, e)
}

// KnowsBrowser reports whether a browser has signed in to any account before.
// Such a one is not refused for what strangers do from its address.
func (s *Service) KnowsBrowser(ctx context.Context, c Client) bool {
	account, err := s.deviceAccount(ctx, c)
	return err == nil && account != 0
}

// signedIn begins the session, unless the account changed while the password
// was computed.
func (s *Service) signedIn(ctx context.Context, tx *store.Tx, t *trial, in SignIn) (Session, error) {
	m, ok, err := s.enterable(ctx, tx, t.user, in.Org)
	if err != nil {
		return Session{}, err
	}
	if !ok {
		t.right = false
		return Session{}, s.failed(ctx, tx, *t, in.Client)
	}
	if err := s.giveBack(ctx, tx, t.subjects, t.at); err != nil {
		return Session{}, err
	}
	if t.rehashed != "" {
		m.User.Password = t.rehashed
		if err := tx.PutUser(ctx, &m.User, s.sealUser); err != nil {
			return Session{}, err
		}
	}
	if err := s.endToken(ctx, tx, in.Before); err != nil {
		return Session{}, err
	}
	out, err := s.beginBrowser(ctx, tx, m, in.Client)
	if err != nil {
		return Session{}, err
	}
	if out.Device, err = s.meet(ctx, tx, m.User.ID, t.known, in.Client); err != nil {
		return Session{}, err
	}
	return out, s.audit.AppendTx(ctx, tx, audit.Entry{Org: m.Membership.Org, Actor: m.User.ID, Action: "user.sign_in", Kind: "session", Object: out.Principal.Session,
		Detail: map[string]any{"address": in.Client.address(), "known_browser": t.known, "way": "password"}})
}

// enterable gives the membership with which the user, as it was read before,
// may sign in: of org, or the oldest.
func (s *Service) enterable(ctx context.Context, tx *store.Tx, was store.User, org int64) (m store.Member, ok bool, err error) {
	u, err := tx.User(ctx, was.ID)
	if err != nil {
		return m, false, err
	}
	if u.Status != Active || u.Password != was.Password || !s.genuineUser(ctx, u) {
		return m, false, nil
	}
	memberships, err := tx.Memberships(ctx, u.ID)
	if err != nil {
		return m, false, err
	}
	for _, place := range memberships {
		if (org == 0 || place.Org == org) && place.Status == Active && s.genuineMembership(ctx, place) {
			return store.Member{Membership: place, User: u}, true, nil
		}
	}
	return m, false, nil
}

// meet remembers the browser. The value is empty when it was known.
func (s *Service) meet(ctx context.Context, tx *store.Tx, user int64, known bool, c Client) (weir.Secret, error) {
	if known {
		return weir.Secret{}, tx.UseDevice(ctx, digest(c.Device), user, s.now().UnixMicro())
	}
	value := deviceForm.make()
	return weir.NewSecret(value), tx.PutDevice(ctx, digest(value), user, s.now().UnixMicro())
}

// Reauthenticate lets the user prove again who they are, for what needs a
// fresh proof. The session of the request, whose token is given, ends and a
// new one begins.
func (s *Service) Reauthenticate(ctx context.Context, p Principal, before string, password weir.Secret, c Client) (Session, error) {
	if p.Anonymous() {
		return Session{}, anonymous()
	}
	return s.SignIn(ctx, SignIn{Email: p.Email, Password: password, Org: p.Org, Before: before, Client: c})
}
