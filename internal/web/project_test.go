package web_test

import "testing"

func TestAProjectHoldsFlows(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	b.open("/projects")
	b.typed("name", "Sales")
	b.press("Make the project")
	b.sees("The project is made")
	b.press("Put it there")
	b.sees("Put into the project")
	b.shot("project")
	b.press("Take out")
	b.sees("The flow stays")
	b.press("Delete the project")
	b.sees("Its flows stay")
}
