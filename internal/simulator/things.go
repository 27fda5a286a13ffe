package simulator

// thing is one of the smaller things that people keep beside their bookings.
type thing struct {
	id    string
	scope string // whose it is
	data  object
}

func (d *directory) seedThings() {}
