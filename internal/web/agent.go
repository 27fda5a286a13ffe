package web

import "strings"

// named is how a part of a User-Agent is called. Those that also call themselves
// something else come before what they call themselves.
type named struct{ token, name string }

var browsers = []named{{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"OPR/", "Opera"}, {"Vivaldi/", "Vivaldi"}, {"SamsungBrowser/", "Samsung Internet"}, {"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"},
	{"CriOS/", "Chrome"}, {"HeadlessChrome/", "Chrome without a window"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}, {"Go-http-client/", "a Go program"}, {"python-requests/", "a Python program"}}

var systems = []named{{"iPhone", "an iPhone"}, {"iPad", "an iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}}

// agentWords says which browser on which system a User-Agent is of: it is text
// that a browser made up, so it is a hint and no proof.
func agentWords(agent string) string {
	browser, version := find(agent, browsers)
	system, _ := find(agent, systems)
	switch {
	case browser == "":
		return "A browser or program that does not say which"
	case version != "" && browser != "Safari": // whose number is another's
		browser += " " + version
	}
	if system == "" {
		return sentence(browser)
	}
	return sentence(browser + " on " + system)
}

// find is the first of the names whose token an agent has, and the number after it.
func find(agent string, all []named) (name, version string) {
	for _, n := range all {
		_, after, ok := strings.Cut(agent, n.token)
		if !ok {
			continue
		}
		for i, r := range after {
			if r < '0' || r > '9' {
				after = after[:i]
				break
			}
		}
		if len(after) > 4 || !strings.HasSuffix(n.token, "/") {
			after = ""
		}
		return n.name, after
	}
	return "", ""
}
