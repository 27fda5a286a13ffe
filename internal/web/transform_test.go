package web_test

import (
	"fmt"
	"testing"
)

func TestADatasetIsMadeWithRulesThatWereTried(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.agrees()
	b.signIn()
	b.flow()
	b.open(fmt.Sprintf("/datasets/%d", b.idHere()+1))
	b.press("Make one from it")
	b.typed("name", "Short ones")
	b.typed("rules", "- filter: status == 1")
	b.press("Try them")
	b.sees("Line 1: ")
	b.sees("Write row.status for the record's field")
	b.typed("rules", "- filter: row.status == \"accepted\"\n- drop: [metadata]\n- upper: title\n- compute: {field: hours, expression: row.duration / 60}")
	b.press("Try them")
	b.sees("Of the newest 10: ")
	b.sees("filtered out")
	b.shot("dataset-rules")
	b.press("Make the dataset")
	b.sees("The dataset is made")
	b.sees("- drop: [metadata]")
	b.shot("dataset-with-rules")
	b.press("Change the rules")
	b.typed("rules", "- drop: [uid]")
	b.press("Save")
	b.sees("which tells records apart")
	b.typed("rules", "- drop: [title]")
	b.press("Save")
	b.sees("All records go to its destinations anew")
	b.sees("- drop: [title]")
}
