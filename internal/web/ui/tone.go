package ui

// Tone is what a colour stands for. Nothing is said by colour alone: a badge
// has words, a line in a chart has a pattern or a label.
type Tone string

// The tones.
const (
	Plain Tone = "plain"
	Good  Tone = "good" // it works
	Note  Tone = "note" // worth knowing
	Warn  Tone = "warn" // somebody should look, in time
	Bad   Tone = "bad"  // it does not work
)
