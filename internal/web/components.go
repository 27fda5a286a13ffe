package web

import (
	"time"

	"github.com/weirhq/weir/internal/web/ui"
)

// registerComponents is the page of all components, for whoever builds pages.
func (w *Web) registerComponents() { w.show("/_components", everybody, (*visit).components) }

func (v *visit) components() error {
	now := v.Now()
	table := ui.Table{ID: "example", Caption: "Runs", Path: "/_components", Query: v.query(), Total: 240, Page: 2, PerPage: 2, Filter: "Name", Export: true,
		Filters: []ui.Field{{Name: "status", Title: "Status", Options: []ui.Option{{Value: "", Title: "all"}, {Value: "failed", Title: "failed"}}}},
		Columns: []ui.Column{{Name: "name", Title: "Name", Wide: true}, {Name: "started", Title: "Started"}, {Name: "read", Title: "Read", Numeric: true}, {Title: "Status"}},
		Rows: [][]ui.Cell{
			{ui.Shown("Bookings", ui.Link("/_components", "Bookings")), ui.Shown("", ui.Ago(now.Add(-3*time.Hour), now)), ui.Figure(1234567), ui.Shown("succeeded", ui.Badge(ui.Good, "succeeded"))},
			{ui.Words("Event types"), ui.Shown("", ui.Time(now.Add(-50*time.Hour))), ui.Figure(12), ui.Shown("failed", ui.Badge(ui.Bad, "failed"))},
		}}
	fields := []ui.Field{
		{Name: "name", Title: "Name", Required: true, Help: "After whose key it is.", Value: "Our account"},
		{Name: "api_key", Title: "API Key Value", Kind: "secret", Required: true, Holder: "cal_live_…", Error: "Cal.com does not know this key", Remedy: "Copy it again; a key of the EU region needs its own address"},
		{Name: "region", Title: "Host", Kind: "radio", Value: "us", Options: []ui.Option{{Value: "us", Title: "United States", Help: "api.cal.com"}, {Value: "eu", Title: "European Union", Help: "api.cal.eu"}}},
		{Name: "expires", Title: "Expires", Kind: "select", Options: []ui.Option{{Value: "", Title: "never"}, {Value: "30", Title: "in 30 days"}}},
		{Name: "text", Title: "Description", Kind: "textarea"},
		{Name: "yes", Title: "Read everything once a day", Kind: "checkbox", Checked: true},
	}
	bars := make([]ui.Bar, 30)
	for i := range bars {
		bars[i] = ui.Bar{Title: ui.Clock(now.Add(time.Duration(i-30) * time.Minute)), Value: float64((i*37)%120 + 4), Tone: ui.Good}
	}
	return v.list("Components", table, componentsPage(table, fields, ui.Bars("Requests in each minute", "requests", 120, bars...), now))
}
