package simulator

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var errNowhere = errors.New("nothing is sent in this test")

func deliverNowhere(*http.Request) (*http.Response, error) { return nil, errNowhere }

// receiver remembers what webhooks got.
type receiver struct{ got []received }

type received struct{ url, signature, kind, body string }

func (r *receiver) deliver(q *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	r.got = append(r.got, received{q.URL.String(), q.Header.Get("X-Cal-Signature-256"), q.Header.Get("Content-Type"), string(body)})
	return &http.Response{StatusCode: http.StatusInternalServerError, Body: io.NopCloser(strings.NewReader("no"))}, nil
}

func newReceiver(t *testing.T) (*receiver, client) {
	r := &receiver{}
	s := newTest(t, Options{Deliver: r.deliver})
	s.dir.webhooks = nil
	return r, s.as(t, "owner")
}

func TestAWebhookIsSignedOverItsBodyAndCalledOnceThoughItFails(t *testing.T) {
	r, c := newReceiver(t)
	c.ok("POST", "/v2/webhooks", `{"active":true,"subscriberUrl":"http://127.0.0.1:1/a","triggers":["BOOKING_CREATED"],"secret":"s3"}`)
	c.ok("POST", "/v2/webhooks", `{"active":true,"subscriberUrl":"http://127.0.0.1:1/b","triggers":["BOOKING_CREATED"]}`)
	c.ok("POST", "/v2/webhooks", `{"active":false,"subscriberUrl":"http://127.0.0.1:1/c","triggers":["BOOKING_CREATED"]}`)
	c.ok("POST", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z"))
	if len(r.got) != 2 {
		t.Fatalf("%d calls: %v", len(r.got), r.got)
	}
	if want := (&webhook{secret: "s3"}).signature([]byte(r.got[0].body)); r.got[0].signature != want || len(want) != 64 {
		t.Errorf("signed %s, want %s", r.got[0].signature, want)
	}
	if r.got[1].signature != "no-secret-provided" {
		t.Errorf("without a secret: %s", r.got[1].signature)
	}
	if !strings.HasPrefix(r.got[0].body, `{"triggerEvent":"BOOKING_CREATED","createdAt":"2026-11-23T12:00:00.000Z","payload":{`) {
		t.Errorf("%.200s", r.got[0].body)
	}
}

func TestATemplateIsAllThatIsSent(t *testing.T) {
	r, c := newReceiver(t)
	c.ok("POST", "/v2/webhooks", `{"active":true,"subscriberUrl":"http://127.0.0.1:1/a","triggers":["BOOKING_CREATED"],"payloadTemplate":"{\"who\":\"{{organizer.name}}\",\"what\":\"{{triggerEvent}}\",\"none\":\"{{no.such}}\"}"}`)
	c.ok("POST", "/v2/event-types/1/webhooks", `{"active":true,"subscriberUrl":"http://127.0.0.1:1/b","triggers":["BOOKING_CREATED"],"payloadTemplate":"hello {{ title }}"}`)
	c.ok("POST", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z"))
	want := []received{
		{"http://127.0.0.1:1/a", "no-secret-provided", "application/json", `{"who":"Alice Example","what":"BOOKING_CREATED","none":""}`},
		{"http://127.0.0.1:1/b", "no-secret-provided", "application/x-www-form-urlencoded", "hello 30 Min Meeting between Alice Example and Ann"},
	}
	if diff := cmp.Diff(want, r.got, cmp.AllowUnexported(received{})); diff != "" {
		t.Error(diff)
	}
}

func TestEachStepOfABookingIsTold(t *testing.T) {
	r, c := newReceiver(t)
	c.ok("POST", "/v2/webhooks", `{"active":true,"subscriberUrl":"http://127.0.0.1:1/a","triggers":["BOOKING_CREATED","BOOKING_REQUESTED","BOOKING_REJECTED","BOOKING_RESCHEDULED","BOOKING_CANCELLED","BOOKING_NO_SHOW_UPDATED"]}`)
	path := "/v2/bookings/" + c.ok("POST", "/v2/bookings", bookingBody("4", tuesday+"09:00:00Z")).text("uid")
	c.ok("POST", path+"/decline", "{}")
	c.ok("POST", path+"/confirm", "{}")
	next := "/v2/bookings/" + c.ok("POST", path+"/reschedule", `{"start":"`+tuesday+`11:00:00Z"}`).text("uid")
	c.ok("POST", next+"/cancel", `{"cancellationReason":"x"}`)
	var told []string
	for _, one := range r.got {
		name, _, _ := strings.Cut(strings.TrimPrefix(one.body, `{"triggerEvent":"`), `"`)
		told = append(told, name)
	}
	want := []string{"BOOKING_REQUESTED", "BOOKING_REJECTED", "BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}

func TestNothingIsSentUnlessThereIsAWayOut(t *testing.T) {
	s := newTest(t, Options{})
	s.as(t, "owner").ok("POST", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z"))
	if s.deliveries.Load() == 0 {
		t.Error("no webhook wanted the booking")
	}
}
