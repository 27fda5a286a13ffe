package simulator

import "net/http"

func calendarRoutes() []route {
	return []route{
		get("/v2/calendars", authRequired, (*call).listCalendars),
		get("/v2/calendars/busy-times", authRequired, (*call).busyTimes),
		get("/v2/calendars/{calendar}/check", authRequired, (*call).checkCalendar),
	}
}

// listCalendars shows an account without calendars, as it was observed.
func (c *call) listCalendars() *answer {
	return c.ok(object{{"connectedCalendars", list{}}, {"destinationCalendar", object{}}})
}

// busyTimes without a connected calendar can only be asked wrongly.
func (c *call) busyTimes() *answer {
	complain := func(property string, constraints object) object {
		return object{{"target", object{}}, {"property", property}, {"children", list{}}, {"constraints", constraints}}
	}
	date := func(property string) object {
		return complain(property, object{{"isDateString", property + " must be a valid ISO 8601 date string"}, {"isString", property + " must be a string"}})
	}
	v := validation{errors: list{
		complain("loggedInUsersTz", object{{"isString", "loggedInUsersTz must be a string"}}), date("dateFrom"), date("dateTo"),
		complain("calendarsToLoad", object{{"isArray", "calendarsToLoad must be an array"}}),
	}}
	return v.refusal(c)
}

func (c *call) checkCalendar() *answer {
	return c.fail(http.StatusBadRequest, "Credentials for "+c.path["calendar"]+"_calendar not found.")
}
