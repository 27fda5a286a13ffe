package pipeline

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// close writes down how the run ended, even when its context has.
func (r *runner) close(result *Result) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	end, err := r.flow.End(result)
	if err != nil {
		return err
	}
	return r.flow.Store.EndRun(ctx, end)
}

// End is what is written down of a run that is over, or whose reading is.
func (f *Flow) End(result *Result) (end store.RunEnd, err error) {
	end = store.RunEnd{ID: result.RunID, At: f.Now().UnixMicro(), Status: string(result.Status)}
	if end.Summary, err = marshal(result); err != nil {
		return end, err
	}
	f.account(&end, result)
	if failure := result.failure(); failure != nil {
		end.Failure, err = marshal(failure)
	}
	return end, err
}

// failure is the one that speaks for the run: the first that failed a stream,
// else the first that left something out.
func (r *Result) failure() (first *Failure) {
	for _, s := range r.Streams {
		if s.Failure != nil && s.Status == StatusFailed {
			return s.Failure
		}
		if first == nil {
			first = s.Failure
		}
	}
	return first
}

// expected reports that what was left out was not the flow's fault: a part that
// the key may not see, of a stream that was read otherwise, or a run that
// somebody ended.
func (r *StreamResult) expected() bool {
	return r.Failure != nil && (r.Failure.Code == weir.CodeCancelled || r.Failure.Code == weir.CodeForbidden && r.Status == StatusSucceeded)
}

// account sums what the run did, for the run, for each part of its flow, and in
// words. The last line is the store's: destinations may be filled after this.
func (f *Flow) account(end *store.RunEnd, result *Result) {
	source := store.RunPart{Part: f.Resource, Kind: store.KindSource}
	left := 0 // out or aside
	for i := range result.Streams {
		s := &result.Streams[i]
		t := &end.Totals
		s.add(t)
		errors := s.Quarantined
		if s.Error != "" && !s.expected() {
			errors++
		}
		left += errors
		source.Records, source.Bytes, source.Errors = source.Records+s.Fresh, source.Bytes+s.Bytes, source.Errors+errors
		if id := f.Datasets[s.Name]; id != 0 {
			end.Parts = append(end.Parts, store.RunPart{Part: id, Kind: store.KindDataset, Records: s.Fresh, Bytes: s.Bytes, Errors: errors})
		}
		for _, d := range s.Deliveries {
			errors := d.Quarantined
			if d.Error != "" {
				errors++
			}
			end.Parts = append(end.Parts, store.RunPart{Part: d.Destination, Kind: store.KindDestination, Records: d.Written, Errors: errors})
		}
		end.Lines = append(end.Lines, f.lines(s, end.At)...)
	}
	end.Parts = append(end.Parts, source)
	end.Health, end.Problem = health(result, left, f.LogOnly)
}

// health says how the flow stands after the run. One that only looked into the
// log says nothing of the source when it went well.
func health(result *Result, left int, logOnly bool) (store.Health, string) {
	problem := ""
	failure := result.failure()
	if failure != nil {
		problem = (&weir.Error{Where: failure.Where, Message: failure.Message, Remedy: failure.Remedy}).Error()
	}
	switch {
	case failure != nil && failure.Code == weir.CodeCancelled:
		return "", ""
	case result.Status == StatusFailed:
		return store.HealthFailing, problem
	case result.Status == StatusSucceeded && left == 0 && logOnly:
		return "", ""
	case result.Status == StatusSucceeded && left == 0:
		return store.HealthGood, ""
	case problem == "":
		problem = fmt.Sprintf("%d records were set aside", left)
	}
	return store.HealthDegraded, problem
}

func severityOf(status Status, left bool) string {
	switch {
	case status == StatusFailed:
		return store.SeverityError
	case left || status != StatusSucceeded:
		return store.SeverityWarning
	}
	return store.SeverityInfo
}

// lines tell what became of a stream, and of each of its deliveries.
func (f *Flow) lines(s *StreamResult, at int64) []store.RunLine {
	if !s.ended.IsZero() {
		at = s.ended.UnixMicro()
	}
	text := fmt.Sprintf("%s %s: %d read, %d new or changed, %d unchanged, %d gone, %d quarantined, %d requests, %.1f s. %s", s.Name, s.Status, s.Read, s.Fresh, s.Unchanged, s.Deleted, s.Quarantined, s.Requests, s.Seconds, s.Error)
	part, kind := f.Resource, store.KindSource
	if id := f.Datasets[s.Name]; id != 0 {
		part, kind = id, store.KindDataset
	}
	lines := []store.RunLine{{At: at, Part: part, Kind: kind, Severity: severityOf(s.Status, s.Error != "" || s.Quarantined > 0), Type: store.LineLog, Text: strings.TrimSpace(text)}}
	for _, d := range s.Deliveries {
		status := StatusSucceeded
		if d.Error != "" {
			status = StatusFailed
		}
		lines = append(lines, store.RunLine{At: at, Part: d.Destination, Kind: store.KindDestination, Severity: severityOf(status, d.Quarantined > 0), Type: store.LineLog,
			Text: store.DeliveryWords(s.Name, d.Where, d.Written, d.Quarantined, d.Filtered, d.Error)})
	}
	return lines
}
