package web_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/go-json-experiment/json"
)

// payloads are texts that would run if a page took them for anything but text:
// vectors, each after what could end the place where it stands.
func payloads() (all []string) {
	vectors := []string{
		`<script>ran()</script>`, `<img src=x onerror=ran()>`, `<svg onload=ran()>`, `<svg><script>ran()</script></svg>`, `<body onload=ran()>`,
		`<iframe srcdoc="<script>parent.ran()</script>">`, `<a href="javascript:ran()" id=go>go</a>`, `<details open ontoggle=ran()>`, `<input autofocus onfocus=ran()>`,
		`<video><source onerror=ran()></video>`, `<marquee onstart=ran()>`, `<object data="javascript:ran()">`, `<embed src="javascript:ran()">`, `<math><mi xlink:href="javascript:ran()">x</mi></math>`,
		`<form action="javascript:ran()"><button>go</button></form>`, `<base href="javascript:/ran()//">`, `<meta http-equiv=refresh content="0;javascript:ran()">`,
		`<link rel=stylesheet href="javascript:ran()">`, `<style>@import 'javascript:ran()'</style>`, `<template><script>ran()</script></template>`, `<noscript><p title="</noscript><img src=x onerror=ran()>">`,
		`<div hx-on:load="ran()" hx-trigger="load" hx-get="/">x</div>`, `<div hx-get="/" hx-trigger="load[ran()]">x</div>`, `<div hx-vals='js:{a: ran()}' hx-get="/" hx-trigger=load>x</div>`,
		`javascript:ran()`, `data:text/html,<script>ran()</script>`, `{{constructor.constructor('ran()')()}}`, "${ran()}", "`${ran()}`", `\u003cscript\u003eran()\u003c/script\u003e`,
		`&lt;script&gt;ran()&lt;/script&gt;`, `%3Cscript%3Eran()%3C/script%3E`, "<scr\u0000ipt>ran()</script>", `<ſcript>ran()</ſcript>`, `＜script＞ran()＜/script＞`, `<<script>ran();//<</script>`,
		`<script/x>ran()</script>`, `<IMG """><SCRIPT>ran()</SCRIPT>">`, `<svg><animate onbegin=ran() attributeName=x dur=1s>`, `<xss style="animation-name:x" onanimationstart=ran()></xss>`,
	}
	for _, end := range []string{"", `">`, `'>`, `</textarea></title></script>`, `-->`} {
		for _, v := range vectors {
			all = append(all, end+v)
		}
	}
	return all
}

// Texts that strangers typed come through names, records of a connected
// service and errors. None runs on any page.
func TestNoTextRunsOnAnyPage(t *testing.T) {
	s := newSite(t)
	session := s.setUp()
	token := session.Token.Expose()
	b := s.browse(1440, 1000)
	all := payloads()
	if len(all) < 200 {
		t.Fatalf("there are only %d payloads", len(all))
	}
	named := func(i int) string { return strings.ReplaceAll(all[i%len(all)], "\x00", "") }
	cal := s.made(token, "/data_credentials", map[string]any{"name": named(0), "description": named(1), "credentials_type": "cal_com_api", "credentials": map[string]any{"api_key": s.key()}})
	for i := range 50 {
		s.made(token, "/data_credentials", map[string]any{"name": named(4 * i), "description": named(4*i + 1), "tags": []string{named(4*i + 2)}, "credentials_type": "rest", "credentials": map[string]any{"auth.type": "NONE"}})
		s.eventType(i, named(4*i+3))
	}
	source := s.made(token, "/data_sources", map[string]any{"name": named(2), "description": named(3), "source_type": "rest", "data_credentials_id": cal["id"], "endpoint": "event-types"})
	dataset := source["data_sets"].([]any)[0].(map[string]any)["id"]
	for i := range 50 {
		s.made(token, "/data_sets", map[string]any{"name": named(4*i + 2), "description": named(4*i + 3), "parent_data_set_id": dataset, "has_custom_transform": false})
	}
	rows := make([]any, 50)
	key := func(i int) string { return strings.Map(inOneLine, fmt.Sprint(i, " ", named(4*i))) }
	for i := range rows {
		column := strings.TrimSpace(strings.Map(inOneLine, string([]rune(fmt.Sprint(i, named(4*i+2), "                                        "))[:40])))
		rows[i] = map[string]any{"key": key(i), "says": named(4*i + 1), column: named(4*i + 3)}
	}
	table := s.made(token, "/data_maps", map[string]any{"name": named(3), "description": named(4), "data_type": named(5), "map_primary_key": "key", "data_map": rows, "data_defaults": map[string]any{"says": named(6)}, "emit_data_default": true})
	s.asks(http.MethodPut, token, fmt.Sprintf("/data_sources/%v/activate", source["id"]), nil)
	b.watchFor("ran")
	b.signIn()
	b.open(fmt.Sprintf("/flows/%v", source["id"]))
	b.until("the run is over", `document.querySelector('#live')?.innerText.includes('succeeded')`)
	for _, path := range []string{"/", "/credentials", "/credentials?q=" + "%3Cscript%3Eran()%3C%2Fscript%3E", fmt.Sprintf("/credentials/%v", cal["id"]), "/flows", fmt.Sprintf("/flows/%v", source["id"]), "/datasets",
		fmt.Sprintf("/datasets/%v", dataset), "/runs", "/budgets", "/quarantine?q=%22%3E%3Cscript%3Eran()%3C/script%3E", "/notifications", "/people", "/activity", "/lookups", fmt.Sprintf("/lookups/%v", table["id"]), fmt.Sprintf("/lookups/%v/edit", table["id"]), fmt.Sprintf("/lookups/%v/row", table["id"]),
		fmt.Sprintf("/lookups/%v?q=%%22%%3E%%3Cscript%%3Eran()%%3C/script%%3E", table["id"]), fmt.Sprintf("/lookups/%v/row?", table["id"]) + url.Values{"key": {key(0)}}.Encode(), "/flows/new", "/%3Cscript%3Eran()%3C/script%3E", "/sign-in?next=javascript:ran()", "/flows?sort=%22%3E%3Cscript%3Eran()%3C/script%3E"} {
		b.open(path)
		if run(b, chromedp.Evaluate[bool](`window.hasRun === true`)) {
			t.Errorf("something ran on %s", path)
		}
		if n := run(b, chromedp.Evaluate[int](`document.querySelectorAll('script:not([src]), iframe, object, embed, base, [onerror], [onload], [onfocus], [href^="javascript:"]').length`)); n > 0 {
			t.Errorf("%s has %d elements that nobody wrote", path, n)
		}
	}
	b.open(fmt.Sprintf("/datasets/%v", dataset))
	if !strings.Contains(b.text(), `ran()`) {
		t.Error("the titles from Cal.com are not shown, so nothing was tried with them")
	}
	if !run(b, chromedp.Evaluate[bool](`ran(), window.hasRun`)) {
		t.Error("what would have run could not have been seen")
	}
}

// inOneLine leaves out what a key or a column's name may not have.
func inOneLine(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}

// watchFor notes when a page's text calls the function.
func (b *browser) watchFor(name string) {
	b.Helper()
	b.first(`window.` + name + ` = () => { window.hasRun = true; }`)
}

// first runs a script on every page before its own.
func (b *browser) first(script string) {
	b.Helper()
	b.do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return none, err
	})
}

// agrees says yes to every question from now on.
func (b *browser) agrees() { b.Helper(); b.first(`window.confirm = () => true`) }

// made makes something over the API.
func (s *site) made(token, path string, in map[string]any) map[string]any {
	s.Helper()
	return s.asks(http.MethodPost, token, path, in)
}

// asks makes a request of the API that works.
func (s *site) asks(method, token, path string, in map[string]any) (out map[string]any) {
	s.Helper()
	body, err := json.Marshal(in)
	s.must(err)
	if in == nil {
		body = nil
	}
	req, err := http.NewRequestWithContext(s.Context(), method, s.url+"/api"+path, bytes.NewReader(body))
	s.must(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	s.must(err)
	defer res.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(res.Body)
	s.must(err)
	if res.StatusCode != http.StatusOK {
		s.Fatalf("%s %s answers %d: %s", method, path, res.StatusCode, b.String())
	}
	s.must(json.Unmarshal(b.Bytes(), &out))
	return out
}

// eventType makes one with this title at the simulated Cal.com.
func (s *site) eventType(i int, title string) {
	s.Helper()
	body, err := json.Marshal(map[string]any{"title": title, "slug": fmt.Sprintf("made-%d", i), "lengthInMinutes": 30})
	s.must(err)
	req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.simURL+"/v2/event-types", bytes.NewReader(body))
	s.must(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("cal-api-version", "2024-06-14")
	req.Header.Set("Authorization", "Bearer "+s.key())
	res, err := http.DefaultClient.Do(req)
	s.must(err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		s.Fatalf("the event type is answered %d", res.StatusCode)
	}
}
