package web

import "testing"

func TestDetailsAreSaidInWords(t *testing.T) {
	for detail, want := range map[string]string{
		``: "", `{}`: "", `null`: "",
		`{"name":"Ours","known_browser":false,"n":12,"x":null}`:     "Name: Ours; known browser: no; n: 12",
		`{"users":[3,4],"from":{"role":"admin"},"enabled":true}`:    "Users: 3, 4; from: (Role: admin); enabled: yes",
		`{"name":"<script>","unread":"` + "ſ" + `","origin":"a;b"}`: "Name: <script>; unread: ſ; origin: a;b",
	} {
		if got := detailWords([]byte(detail)); got != want {
			t.Errorf("%s is %q, want %q", detail, got, want)
		}
	}
}
