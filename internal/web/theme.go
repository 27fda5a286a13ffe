package web

import "time"

func (w *Web) registerTheme() { w.do("/theme", everybody, (*visit).changeTheme) }

// theme is the one that was chosen; "" for the system's.
func (v *visit) theme() string {
	if t := v.Cookies.Kept(v.r, themeCookie); t == "light" || t == "dark" {
		return t
	}
	return ""
}

// changeTheme keeps the choice in the browser.
func (v *visit) changeTheme() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	switch t := form.Get("theme"); t {
	case "light", "dark":
		v.keep(themeCookie, t, 365*24*time.Hour)
	default:
		v.keep(themeCookie, "", -1)
	}
	return v.to(v.back(), "", "")
}
