package simulator

func bookingWriteRoutes() []route {
	one := []string{version20240813}
	older := []string{version20240415, version20240611, version20240614}
	const uid = "/v2/bookings/{uid}"
	return []route{
		get("/v2/bookings/by-seat/{seat}", authOptional, (*call).getBySeat).in(one...).newest(),
		post("/v2/bookings", authOptional, (*call).createBooking).in(one...),
		post(uid+"/cancel", authOptional, (*call).cancelBooking).in(one...).answersOK(),
		post(uid+"/reschedule", authOptional, (*call).rescheduleBooking).in(one...),
		post(uid+"/confirm", authPermissions, (*call).confirmBooking).in(one...).answersOK(),
		post(uid+"/decline", authPermissions, (*call).declineBooking).in(one...).answersOK(),
		post(uid+"/mark-absent", authPermissions, (*call).markAbsent).in(one...).answersOK(),
		post(uid+"/reassign", authPermissions, (*call).reassignBooking).in(one...).answersOK(),
		post(uid+"/reassign/{user}", authPermissions, (*call).reassignBookingTo).in(one...).answersOK(),
		patch(uid+"/location", authPermissions, (*call).patchLocation).in(one...),
		post(uid+"/guests", authPermissions, (*call).addGuests).in(one...).answersOK(),
		get(uid+"/attendees", authPermissions, (*call).listAttendees).in(one...).newest(),
		post(uid+"/attendees", authPermissions, (*call).addAttendee).in(one...).newest().limited("booking_attendees_add", 5),
		get(uid+"/attendees/{attendee}", authPermissions, (*call).getAttendee).in(one...).newest(),
		post("/v2/bookings", authOptional, (*call).createOldBooking).in(older...),
		post(uid+"/cancel", authOptional, (*call).cancelOldBooking).in(older...).answersOK(),
	}
}
