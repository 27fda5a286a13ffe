// Package ui is the pages' visual language: components that are written once,
// each a function of what it shows. They know no service, no request and no
// database; the pages put them together. /_components shows them all.
//
//	shell.templ   the page around everything: navigation, toast, theme
//	form.templ    fields with help and error, choices, buttons
//	card.templ    tiles, badges, facts, panels
//	table.templ   lists that sort, filter, page and export
//	chart.templ   gauges, bars and lines, drawn here as SVG
//	state.templ   what is empty, wrong or under way
//	icon.templ    our own drawings
//
// Colours, sizes and spaces are tokens in static/tokens.css. Generated code
// is committed: `make generate` after a change of a .templ file.
package ui
