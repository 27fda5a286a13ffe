package ui

// The themes go round: the system's, light, dark.
var nextTheme = map[string]string{"": "light", "light": "dark", "dark": "system"}

func otherTheme(now string) string { return nextTheme[now] }

func themeTitle(now string) string {
	switch now {
	case "light":
		return "Theme: light"
	case "dark":
		return "Theme: dark"
	}
	return "Theme: system"
}
