package simulator

import "strconv"

var firstNames = [...]string{"Ann", "Ben", "Chloé", "Dmitri", "Eve", "Fatima", "Göran", "Hana", "Ivan", "José", "Kei", "Lena", "Mårten",
	"Nia", "Øystein", "Priya", "Quinn", "Rosa", "Søren", "Tomás", "Uma", "Violet", "Wei", "Xavier", "Yuki", "Zoë"}

var lastNames = [...]string{"Dubois", "García", "Ivanov", "Khan", "Kowalski", "Müller", "Nguyễn", "O'Brien", "Rossi", "Sato", "Silva", "Smith"}

var zones = [...]string{"Europe/London", "America/New_York", "America/Sao_Paulo", "UTC", "Europe/Berlin", "Australia/Sydney", "Asia/Tokyo"}

var reasons = [...]string{"", "Conflict", "No longer needed", "Sick", "stop"}

// attendee is one person at a booking.
type attendee struct {
	first, last string // both empty for a guest
	email       string
	zone        string
	phone       string
	absent      bool

	full     string // in place of first and last
	language string // "" means en
	seat     string // uid of the seat
	answers  object // of the seat
	metadata object // of the seat
}

func (a attendee) speaks() string {
	if a.language == "" {
		return "en"
	}
	return a.language
}

func (a attendee) name() string {
	if a.first == "" {
		return a.full
	}
	return a.first + " " + a.last
}

// phoneNumber is everybody's.
const phoneNumber = "+491701234567"

// person derives somebody from a number.
func person(n uint32) attendee {
	h := mix(uint64(n))
	return attendee{
		first: firstNames[h%uint64(len(firstNames))], last: lastNames[h>>8%uint64(len(lastNames))],
		email: "guest" + strconv.Itoa(int(n)) + "@example.org", zone: zones[h>>16%uint64(len(zones))],
	}
}

// booker is the first attendee.
func (r *row) booker() attendee {
	a := person(r.person)
	a.absent = r.absent&1 != 0
	if r.traits.has(byPhone) {
		a.phone = phoneNumber
	}
	return a
}

// guest is attendee i, from 1, of a booking without seats.
func (r *row) guest(i int, zone string) attendee {
	email := "extra" + strconv.Itoa(int(mix(r.tag+uint64(i))%1000)) + "@example.net"
	return attendee{email: email, zone: zone, absent: r.absent>>i&1 != 0}
}

// seat is attendee i, from 0, of a booking with seats.
func (r *row) seat(i int) attendee {
	if i == 0 {
		return r.booker()
	}
	a := person(uint32(mix(r.tag+uint64(i)) % 1000))
	a.zone = r.booker().zone
	a.absent = r.absent>>i&1 != 0
	return a
}

// attendees are all who booked or were brought along.
func (r *row) attendees() []attendee {
	if r.seats > 0 {
		all := make([]attendee, r.seats)
		for i := range all {
			all[i] = r.seat(i)
		}
		return all
	}
	all := make([]attendee, 1+r.guests)
	all[0] = r.booker()
	for i := 1; i < len(all); i++ {
		all[i] = r.guest(i, all[0].zone)
	}
	return all
}

// crm is the made-up number of a campaign in another system.
func crm(tag uint64) string { return strconv.Itoa(int(tag % 10_000)) }
