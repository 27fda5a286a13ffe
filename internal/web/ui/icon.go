package ui

import (
	"context"
	"fmt"
	"io"

	"github.com/a-h/templ"
)

// paths are our own drawings, 24 by 24, of lines.
var paths = map[string]string{
	"weir":      `<path d="M3 7c3 0 3 2 6 2s3-2 6-2 3 2 6 2"/><path d="M4 12h16"/><path d="M7 12v4c0 3 2 4 5 4s5-1 5-4v-4" /><path d="M12 12v8"/>`,
	"overview":  `<rect x="3.5" y="3.5" width="7" height="9" rx="1.5"/><rect x="13.5" y="3.5" width="7" height="5" rx="1.5"/><rect x="3.5" y="15.5" width="7" height="5" rx="1.5"/><rect x="13.5" y="11.5" width="7" height="9" rx="1.5"/>`,
	"connector": `<path d="M9 3v5M15 3v5M6.5 8h11v3.5a5.5 5.5 0 0 1-11 0zM12 17v4"/>`,
	"key":       `<circle cx="8" cy="15" r="4"/><path d="M11 12 20 3M17 6l3 3M14.5 8.5l2 2"/>`,
	"flow":      `<circle cx="5" cy="12" r="2.2"/><circle cx="19" cy="6" r="2.2"/><circle cx="19" cy="18" r="2.2"/><path d="M7.2 12h3c3 0 3-6 6.6-6M10.2 12c3 0 3 6 6.6 6"/>`,
	"run":       `<circle cx="12" cy="12" r="8.5"/><path d="M10 8.5v7l5.5-3.5z"/>`,
	"dataset":   `<ellipse cx="12" cy="5.5" rx="7.5" ry="2.5"/><path d="M4.5 5.5v13c0 1.4 3.4 2.5 7.5 2.5s7.5-1.1 7.5-2.5v-13M4.5 12c0 1.4 3.4 2.5 7.5 2.5s7.5-1.1 7.5-2.5"/>`,
	"lookup":    `<rect x="3.5" y="4" width="17" height="16" rx="2"/><path d="M3.5 9.5h17M3.5 14.7h17M9.5 9.5V20"/>`,
	"gauge":     `<path d="M4 17a8.5 8.5 0 1 1 16 0"/><path d="M12 15l4-6"/><circle cx="12" cy="15" r="1.3"/>`,
	"bell":      `<path d="M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 21h4"/>`,
	"activity":  `<path d="M3 12h4l3-8 4 16 3-8h4"/>`,
	"people":    `<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c0-4 3-6 6.5-6s6.5 2 6.5 6M16 4.8a3.5 3.5 0 0 1 0 6.4M17.5 14.3c2.5.6 4 2.6 4 5.7"/>`,
	"terminal":  `<rect x="3" y="4" width="18" height="16" rx="2"/><path d="M7 9l3 3-3 3M12.5 15H17"/>`,
	"settings":  `<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>`,
	"add":       `<path d="M12 5v14M5 12h14"/>`,
	"close":     `<path d="M6 6l12 12M18 6 6 18"/>`,
	"copy":      `<rect x="8" y="8" width="12" height="12" rx="2"/><path d="M16 8V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h2"/>`,
	"good":      `<circle cx="12" cy="12" r="8.5"/><path d="M8 12.5l2.7 2.7L16 9.5"/>`,
	"note":      `<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5M12 8v.1"/>`,
	"warn":      `<path d="M12 4 2.8 20h18.4zM12 10v4.5M12 17v.1"/>`,
	"bad":       `<path d="M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7zM12 8v5M12 16v.1"/>`,
	"plain":     `<circle cx="12" cy="12" r="4"/>`,
	"empty":     `<path d="M3 9c3 0 3 2 6 2s3-2 6-2 3 2 6 2M3 15c3 0 3 2 6 2s3-2 6-2 3 2 6 2" stroke-dasharray="3 2.5"/>`,
}

// Icon is a drawing beside words: it is hidden from those who hear the page.
func Icon(name string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := fmt.Fprintf(w, `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">%s</svg>`, paths[name])
		return err
	})
}

// marks are our own drawings of what can be connected, 32 by 32. None is a
// trademark of whom it stands for.
var marks = map[string]string{
	"cal_com_api": `<rect x="4" y="6" width="24" height="22" rx="4" class="mark-ground"/><path d="M4 13h24M10 3v6M22 3v6"/><path d="M19.5 18.2a4 4 0 1 0 0 5.6"/>`,
	"rest":        `<rect x="3" y="3" width="26" height="26" rx="6" class="mark-ground"/><path d="M12 10l-5 6 5 6M20 10l5 6-5 6M17.5 8l-3 16"/>`,
	"postgres":    `<ellipse cx="16" cy="8" rx="11" ry="4" class="mark-ground"/><path d="M5 8v16c0 2.2 4.9 4 11 4s11-1.8 11-4V8M5 16c0 2.2 4.9 4 11 4s11-1.8 11-4"/>`,
	"mysql":       `<ellipse cx="16" cy="8" rx="11" ry="4" class="mark-ground"/><path d="M5 8v16c0 2.2 4.9 4 11 4s11-1.8 11-4V8"/><path d="M10 24v-7l3 4 3-4v7M20 17v7h3"/>`,
	"sqlite":      `<path d="M7 4h13l6 6v18H7z" class="mark-ground"/><path d="M20 4v6h6M11 17h11M11 22h11"/>`,
	"file":        `<path d="M4 8h9l3 4h12v16H4z" class="mark-ground"/><path d="M9 18h14M9 23h9"/>`,
	"s3":          `<path d="M5 8h22l-3 20H8z" class="mark-ground"/><ellipse cx="16" cy="8" rx="11" ry="3.5"/><path d="M11 17h10"/>`,
	"dataset":     `<rect x="4" y="5" width="24" height="22" rx="3" class="mark-ground"/><path d="M4 12h24M4 19h24M13 5v22"/>`,
	"webhook":     `<circle cx="16" cy="9" r="5" class="mark-ground"/><circle cx="8" cy="23" r="5"/><circle cx="24" cy="23" r="5"/><path d="M14 14l-4 5M18 14l4 5M13 23h6"/>`,
}

// Mark is the drawing of a connector or a kind of destination.
func Mark(kind string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		drawing, ok := marks[kind]
		if !ok {
			drawing = marks["rest"]
		}
		_, err := fmt.Fprintf(w, `<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">%s</svg>`, drawing)
		return err
	})
}

func toneIcon(t Tone) string {
	if _, ok := paths[string(t)]; ok {
		return string(t)
	}
	return "plain"
}
