package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// flowView is a flow as pages show it.
type flowView struct {
	Root         *flow.Node
	Source       *flow.Source
	Runs         []flow.Run // newest first
	Progress     []progressView
	Waiting      []waitView         // while a run is on
	Destinations []*destinationView // in the order of the drawing
	Running      bool
	When         string    // it is read, in words
	Next         time.Time // it is read; zero when no clock says so
	Operates     bool      // the visitor may run, pause and reschedule it
	Changes      bool      // the visitor may do everything with it
	Owner        string
	Now          time.Time
}

// Destination is how a part of the drawing stands; nil for one that is no
// destination.
func (f *flowView) Destination(n *flow.Node) *destinationView {
	for _, d := range f.Destinations {
		if d.ID == n.ID {
			return d
		}
	}
	return nil
}

// progressView is how far one endpoint of a run has come.
type progressView struct {
	Name    string
	Records int64
}

// Path is where the flow's page lies.
func (f *flowView) Path() string { return flowPath(f.Root) }

func flowPath(root *flow.Node) string { return fmt.Sprintf("/flows/%d", root.ID) }

// Active reports whether it runs when it is due.
func (f *flowView) Active() bool { return flow.Status(f.Root.Status) == flow.StatusActive }

// Whom is who can let the visitor do more.
func (f *flowView) Whom() string {
	if f.Owner == "" {
		return "an administrator"
	}
	return f.Owner + ", who owns it, or an administrator"
}

// State is how it is, in a word or two.
func (f *flowView) State() (ui.Tone, string) {
	switch {
	case f.Running:
		return ui.Note, "running"
	case !f.Active():
		return ui.Plain, stateWord(f.Root.Status)
	case len(f.Runs) == 0:
		return ui.Plain, "active"
	}
	return runTone(f.Runs[0].Status), f.Runs[0].Status
}

// stateWord is what a part's state is called on pages.
func stateWord(status string) string {
	if flow.Status(status) == flow.StatusInit {
		return "new"
	}
	return status
}

// runTone is how good the end of a run is.
func runTone(status string) ui.Tone {
	switch status {
	case "succeeded":
		return ui.Good
	case "partial", store.RunInterrupted, "cancelled":
		return ui.Warn
	case store.RunRunning, store.RunQueued:
		return ui.Note
	}
	return ui.Bad
}

// notShared stands for the name of what the visitor may not see.
const notShared = "not shared with you"

// kindPath is where the page of a part of a flow lies; "" when there is none for
// the visitor.
func kindPath(n *flow.Node) string {
	switch {
	case n.Name == "":
	case n.Kind == store.KindDataset:
		return datasetPath(n.ID)
	case n.Kind == store.KindDestination:
		return destinationPath(n.ID)
	}
	return ""
}

// Bars are its runs, oldest first, by how much they read.
func (f *flowView) Bars() []ui.Bar {
	bars := make([]ui.Bar, 0, len(f.Runs))
	for i := len(f.Runs) - 1; i >= 0; i-- {
		r := f.Runs[i]
		bars = append(bars, ui.Bar{Title: ui.Moment(micros(r.Started)), Value: float64(r.Totals.Fresh), Tone: runTone(r.Status), Path: runPath(string(r.ID))})
	}
	return bars
}

// took is how long a run took, in words.
func took(r flow.Run) string {
	if r.Ended == 0 {
		return ""
	}
	return ui.Span(micros(r.Ended).Sub(micros(r.Started)))
}

// runProblem is the first thing that went wrong in a run; "" for nothing.
func runProblem(r flow.Run) string {
	for _, s := range r.Result.Streams {
		if s.Error != "" {
			if place, _, ok := strings.Cut(s.Error, ": "); ok && slices.Contains(strings.Fields(place), s.Name) {
				return s.Error // it says itself of which stream
			}
			return s.Name + ": " + s.Error
		}
	}
	return r.Problem
}

// partTone is how a part of a flow is.
func partTone(r store.Resource) ui.Tone {
	if flow.Status(r.Status) == flow.StatusActive {
		return ui.Good
	}
	return ui.Plain
}
