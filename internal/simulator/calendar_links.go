package simulator

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// getCalendarLinks answers with links that add a booking to a calendar.
func (c *call) getCalendarLinks() *answer {
	i, refusal := c.booking()
	if refusal != nil {
		return refusal
	}
	r := &c.sim.book.rows[i]
	if c.sim.dir.event(r).deleted {
		return c.fail(http.StatusBadRequest, "Booking with uid="+c.path["uid"]+" has no event type")
	}
	title := c.sim.book.describe(i).title
	start, end := time.UnixMilli(r.start).UTC(), time.UnixMilli(r.end()).UTC()
	const compact = "20060102T150405Z"
	escaped := strings.ReplaceAll(url.QueryEscape(title), "+", "%20")
	outlook := func(path, subject string) string {
		return "calendar/0/deeplink/compose?body=&enddt=" + end.Format(time.RFC3339) + "&path=" + path + "&rru=addevent&startdt=" + start.Format(time.RFC3339) + "&subject=" + subject
	}
	ics := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nCALSCALE:GREGORIAN\r\nPRODID:adamgibbons/ics\r\nMETHOD:PUBLISH\r\nX-PUBLISHED-TTL:PT1H\r\nBEGIN:VEVENT\r\nUID:" + c.path["uid"] +
		"\r\nSUMMARY:" + title + "\r\nDTSTAMP:" + c.now.UTC().Format(compact) + "\r\nDTSTART:" + start.Format(compact) +
		"\r\nDURATION:PT" + text10(int(r.minutes)) + "M\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	link := func(label, id, to string) object { return object{{"label", label}, {"id", id}, {"link", to}} }
	return c.ok(list{
		link("Google Calendar", "googleCalendar", "https://calendar.google.com/calendar/r/eventedit?dates="+start.Format(compact)+"/"+end.Format(compact)+"&text="+title+"&details="),
		link("Microsoft Office", "microsoftOffice", "https://outlook.office.com/"+outlook("%2Fcalendar%2Faction%2Fcompose", title)),
		link("Microsoft Outlook", "microsoftOutlook", "https://outlook.live.com/"+outlook("%252Fcalendar%252Faction%252Fcompose", escaped)),
		link("ICS", "ics", "data:text/calendar,"+strings.ReplaceAll(url.QueryEscape(ics), "+", "%20")),
	})
}
