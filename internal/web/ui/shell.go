package ui

import "strings"

// Shell is what stands around the content of every page.
type Shell struct {
	Title   string
	Path    string // of this page: its place in the navigation is marked
	Theme   string // "light", "dark", or "" for the system's
	Who     *Who   // nil when nobody is signed in: then there is no navigation
	Toast   *Toast // nil for none
	Assets  Assets
	Version string
}

// Who is signed in.
type Who struct {
	Name, Email, Organization, Role string
	Unread                          int  // notifications
	Admin                           bool // sees what concerns the whole organization
}

// Toast is the one line that says what has just been done.
type Toast struct {
	Tone Tone
	Text string
}

// Assets are the addresses of scripts and styles, which change with their content.
type Assets struct {
	Style, Script, Icon string
}

// NavItem is one place in the navigation.
type NavItem struct {
	Path, Title, Icon string
	Also              string // a path whose pages are its, too
	Counts            bool   // it has a badge: what is unread
	Badge             int
	AdminOnly         bool
}

// nav is the navigation, in the order in which work goes.
func nav(w *Who) []NavItem {
	return []NavItem{
		{Path: "/", Title: "Overview", Icon: "overview"},
		{Path: "/connectors", Title: "Connectors", Icon: "connector"},
		{Path: "/credentials", Title: "Credentials", Icon: "key"},
		{Path: "/flows", Also: "/projects", Title: "Flows", Icon: "flow"},
		{Path: "/runs", Title: "Runs", Icon: "run"},
		{Path: "/datasets", Also: "/quarantine", Title: "Datasets", Icon: "dataset"},
		{Path: "/lookups", Title: "Lookups", Icon: "lookup"},
		{Path: "/budgets", Title: "Budget", Icon: "gauge"},
		{Path: "/notifications", Title: "Notifications", Icon: "bell", Counts: true, Badge: w.Unread},
		{Path: "/activity", Title: "Activity", Icon: "activity", AdminOnly: true},
		{Path: "/people", Also: "/teams", Title: "People", Icon: "people"},
		{Path: "/keys", Title: "Keys", Icon: "terminal"},
		{Path: "/settings", Title: "Settings", Icon: "settings", AdminOnly: true},
	}
}

// under reports whether the page at path lies in the part of an item.
func (n NavItem) under(path string) bool {
	if n.Path == "/" {
		return path == "/"
	}
	return below(path, n.Path) || n.Also != "" && below(path, n.Also)
}

func below(path, top string) bool { return path == top || strings.HasPrefix(path, top+"/") }
