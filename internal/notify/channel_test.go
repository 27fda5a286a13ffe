package notify_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

func TestASecretOfAChannelIsInNoAnswerLogErrorOrFile(t *testing.T) {
	url := storetest.SQLite(t)
	w := newWorld(t, url)
	r := newReceiver(t, func(_ int, p post, rw http.ResponseWriter) { // which repeats all it was sent
		rw.Header().Set("Location", p.path)
		rw.WriteHeader(http.StatusFound)
		_, _ = rw.Write([]byte(p.path + p.signature))
	})
	secret := "whsec_cGxhbnRlZC1zZWNyZXQtcGxhbnRlZC1zZWNyZXQ=" // planted-secret-planted-secret
	config := fmt.Sprintf(`{"url":%q,"secret":%q}`, r.URL+"/planted-path?key=planted-query", secret)
	hook := w.channel(notify.Webhook, config)
	slack := w.channel(notify.Slack, fmt.Sprintf(`{"webhook_url":%q}`, r.URL+"/services/planted-path"))
	gone := w.channel(notify.Slack, `{"webhook_url":"http://127.0.0.1:1/planted-path"}`)
	var said bytes.Buffer
	for _, c := range []*notify.Setting{hook, slack, gone} {
		w.rule(store.Rule{Channel: c.Type, Target: c.ID})
		out, err := w.Test(t.Context(), w.owner, c.ID)
		w.must(err)
		if out.Problem == nil {
			t.Errorf("%s arrived", c.Name)
		}
		shown, err := json.Marshal(c.Shown())
		w.must(err)
		fmt.Fprintf(&said, "%v %+v %s %+v\n", out.Problem, out, shown, c)
	}
	for _, bad := range []string{`{"url":"ftp://host/planted-path","secret":"planted-query"}`, `{"url":"https://user:planted-query@host/"}`, `{"url":"https://host/","secret":"planted-query"}`,
		`{"planted-query":"x"}`, `{"url":["planted-query"]}`, `{"url":"http://example.com/planted-path"}`, `planted-query`, `{"url":"https://host/\nplanted-path"}`} {
		_, _, err := w.CreateSetting(t.Context(), w.owner, notify.Webhook, []byte(bad))
		w.refused(err, weir.CodeUsage)
		fmt.Fprintln(&said, err)
	}
	w.raise(store.Event{Type: store.FlowFailed})
	w.settle()
	if len(r.got()) < 4 {
		t.Errorf("the receiver was sent %d", len(r.got()))
	}
	entries, _, err := w.Store.AuditPage(t.Context(), store.AuditFilter{Org: w.owner.Org, Page: 1, Number: 1000})
	w.must(err)
	fmt.Fprintf(&said, "%+v %+v %s", w.dispatches(), entries, w.log)
	for _, e := range entries {
		said.Write(e.Detail)
	}
	files, err := filepath.Glob(strings.TrimPrefix(url, "sqlite:") + "*")
	w.must(err)
	for _, name := range files {
		content, err := os.ReadFile(name)
		w.must(err)
		said.Write(content)
	}
	for _, planted := range []string{"planted-path", "planted-query", "planted-secret", secret[6:30], "cGxhbnRlZ"} {
		if strings.Contains(said.String(), planted) {
			t.Errorf("%s is somewhere", planted)
		}
	}
}

func TestNoChannelLeadsInside(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	for _, address := range []string{"http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1/", "https://user@example.com/", "", "//example.com", "http://0.0.0.0/", "http://[::ffff:10.0.0.1]/", "http://2130706433/", "http://0x7f000001/"} {
		_, _, err := w.CreateSetting(t.Context(), w.owner, notify.Webhook, fmt.Appendf(nil, `{"url":%q}`, address))
		if weir.CodeOf(err) != weir.CodeUsage {
			t.Errorf("%q is taken: %v", address, err)
		}
	}
	// What has a form that can be right is refused when it is dialled.
	for _, address := range []string{"https://10.0.0.1/", "https://192.168.1.1:8443/", "https://169.254.169.254/", "https://[fd00::1]/", "https://[::1%25lo]/", "https://[::ffff:127.0.0.1]:1/", "https://0.0.0.0/", "https://100.64.0.1/", "https://[64:ff9b::7f00:1]/"} {
		c, _, err := w.CreateSetting(t.Context(), w.owner, notify.Webhook, fmt.Appendf(nil, `{"url":%q}`, address))
		if weir.CodeOf(err) == weir.CodeUsage {
			continue
		}
		w.must(err)
		out, err := w.Test(t.Context(), w.owner, c.ID)
		w.must(err)
		if out.Problem == nil {
			t.Errorf("%s was reached", address)
		}
	}
	for _, host := range []string{"10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fd00::1"} {
		c, _, err := w.CreateSetting(t.Context(), w.owner, notify.Email, fmt.Appendf(nil, `{"host":%q,"from":"a@example.com","to":"a@example.com"}`, host))
		w.must(err)
		out, err := w.Test(t.Context(), w.owner, c.ID)
		w.must(err)
		if out.Problem == nil || !strings.Contains(out.Problem.Error(), "not a public address") {
			t.Errorf("%s: %v", host, out.Problem)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	elsewhere := newReceiver(t, nil)
	r := newReceiver(t, func(_ int, _ post, rw http.ResponseWriter) {
		rw.Header().Set("Location", elsewhere.URL)
		rw.WriteHeader(http.StatusTemporaryRedirect)
	})
	c := w.channel(notify.Slack, fmt.Sprintf(`{"webhook_url":%q}`, r.URL))
	out, err := w.Test(t.Context(), w.owner, c.ID)
	w.must(err)
	if out.Problem == nil || out.Status != 307 || len(elsewhere.got()) != 0 {
		t.Errorf("%+v", out)
	}
}

// A network that whoever runs the server opens is open for channels.
func TestAnOpenedNetworkIsReached(t *testing.T) {
	m := newLetters(t, false)
	m.host = outside(t)
	if m.host == "" {
		t.Skip("this machine has no address but loopback")
	}
	open := func(o *notify.Options) {
		o.Networks = []netip.Prefix{netip.MustParsePrefix(m.host + "/32")}
	}
	l, err := net.Listen("tcp", net.JoinHostPort(m.host, "0"))
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	m.port = l.Addr().(*net.TCPAddr).Port
	for _, c := range []struct {
		change []func(*notify.Options)
		reach  bool
	}{{nil, false}, {[]func(*notify.Options){open}, true}} {
		w := newWorld(t, storetest.SQLite(t), c.change...)
		reached := make(chan struct{}, 1)
		go func() {
			if conn, err := l.Accept(); err == nil {
				reached <- struct{}{}
				_ = conn.Close()
			}
		}()
		s := w.channel(notify.Email, m.config("ada@example.com", mailPassword))
		out, err := w.Test(t.Context(), w.owner, s.ID)
		w.must(err)
		if refused := strings.Contains(out.Problem.Error(), "not a public address"); refused == c.reach {
			t.Errorf("with %d options: %v", len(c.change), out.Problem)
		}
		if c.reach {
			<-reached
		}
	}
}

// outside is an address of this machine that is private and not loopback.
func outside(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsPrivate() {
			return n.IP.String()
		}
	}
	return ""
}

func TestAStoredSecretGoesWhereItWasGivenForAlone(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	r, other := newReceiver(t, nil), newReceiver(t, nil)
	c := w.channel(notify.Webhook, fmt.Sprintf(`{"url":%q,"secret":%q}`, r.URL+"/a", testSecret))
	_, _, err := w.UpdateSetting(t.Context(), w.owner, c.ID, fmt.Appendf(nil, `{"url":%q}`, other.URL))
	w.refused(err, weir.CodeUsage)
	_, fresh, err := w.UpdateSetting(t.Context(), w.owner, c.ID, fmt.Appendf(nil, `{"url":%q,"name":"Ours"}`, r.URL+"/b"))
	w.must(err)
	if !fresh.IsZero() {
		t.Error("the secret was replaced")
	}
	out, err := w.Test(t.Context(), w.owner, c.ID)
	w.must(err)
	got := r.got()
	if out.Problem != nil || len(got) != 1 || got[0].path != "/b" || len(other.got()) != 0 {
		t.Fatalf("%+v %+v", out, got)
	}
	notify.Verify(t, testSecret, got[0].id, got[0].timestamp, got[0].signature, got[0].body)
}

func TestASecretIsMadeForAWebhookThatBringsNone(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	r := newReceiver(t, nil)
	c, fresh, err := w.CreateSetting(t.Context(), w.owner, notify.Webhook, fmt.Appendf(nil, `{"url":%q}`, r.URL))
	w.must(err)
	if !strings.HasPrefix(fresh.Expose(), "whsec_") {
		t.Fatal("none was made")
	}
	_, err = w.Test(t.Context(), w.owner, c.ID)
	w.must(err)
	p := r.got()[0]
	notify.Verify(t, fresh.Expose(), p.id, p.timestamp, p.signature, p.body)
}

func TestSlackReadsNoMarkupFromNames(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	r := newReceiver(t, nil)
	c := w.channel(notify.Slack, fmt.Sprintf(`{"webhook_url":%q}`, r.URL))
	w.rule(store.Rule{Channel: string(notify.Slack), Target: c.ID})
	s := w.make(store.KindSource, "<!channel> & <https://evil.example|click>")
	w.raise(store.Event{Type: store.FlowFailed, Kind: store.KindSource, Resource: s.ID, Source: s.ID, Name: s.Name, Message: "<@U1>"})
	w.settle()
	var body struct {
		Text string `json:"text"`
	}
	w.must(json.Unmarshal(r.got()[0].body, &body))
	if strings.ContainsAny(body.Text, "<>") || !strings.Contains(body.Text, "&lt;!channel&gt; &amp;") || !strings.Contains(body.Text, "&lt;@U1&gt;") {
		t.Error(body.Text)
	}
}

func TestADeletedChannelTakesItsSecretsAndRulesAlong(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	r := newReceiver(t, nil)
	c := w.webhook(r, "")
	w.raise(store.Event{Type: store.FlowFailed})
	w.must(w.DeleteSetting(t.Context(), w.owner, c.ID))
	w.settle()
	secrets, err := w.Store.Secrets(t.Context(), w.owner.Org, c.ID)
	w.must(err)
	rules, err := w.Rules(t.Context(), w.owner)
	w.must(err)
	if len(r.got()) != 0 || len(secrets) != 0 || len(rules) != 0 {
		t.Errorf("%d sent, %d secrets, %d rules", len(r.got()), len(secrets), len(rules))
	}
}
