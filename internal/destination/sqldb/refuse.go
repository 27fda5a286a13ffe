package sqldb

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// part loads changes. When the database refuses a value, halves of them are
// tried until the record that has it is alone; that one is set aside.
func (l *loading) part(ctx context.Context, part []prepared) error {
	if len(part) == 0 {
		return nil
	}
	if _, err := l.tx.exec(ctx, "SAVEPOINT weir"); err != nil {
		return err
	}
	n, err := l.load(ctx, part)
	if err == nil {
		l.loaded.Rows += n
		_, err = l.tx.exec(ctx, "RELEASE SAVEPOINT weir")
		return err
	}
	reason, ok := l.db.engine.refused(err)
	if !ok {
		return err
	}
	if _, err := l.tx.exec(ctx, "ROLLBACK TO SAVEPOINT weir"); err != nil {
		return err
	}
	if len(part) == 1 {
		return l.refuse(ctx, part[0].Change, reason)
	}
	if err := l.part(ctx, part[:len(part)/2]); err != nil {
		return err
	}
	return l.part(ctx, part[len(part)/2:])
}

// longestRecord is how long a record may be to be kept in _weir_quarantine: of
// a longer one the key is kept, since a database may have refused it for that.
const longestRecord = 2 << 20

// refuse sets a record aside in _weir_quarantine and in the result.
func (l *loading) refuse(ctx context.Context, c weir.Change, reason string) error {
	record := l.describe(c)
	l.loaded.Refused = append(l.loaded.Refused, weir.Reject{Stage: "load", Reason: reason, Key: c.Key, Original: []byte(record)})
	if len(record) > longestRecord {
		record = l.describe(weir.Change{RootKey: c.RootKey})
	}
	texts := []any{l.batch.Dataset, l.batch.Log, c.Key, reason, record, string(l.batch.RunID)}
	for i, t := range texts {
		texts[i], _ = l.db.engine.value(t, weir.TypeText)
	}
	now, _ := l.db.engine.value(time.Now().UTC().Truncate(time.Microsecond), weir.TypeTime)
	_, err := l.tx.exec(ctx, `INSERT INTO `+l.db.engine.table(quarantineTable)+` (dataset, log, position, record_key, reason, record, run_id, refused_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`+l.db.engine.orUpdate([]string{"dataset", "log", "position"}, nil),
		texts[0], texts[1], int64(c.Position), texts[2], texts[3], texts[4], texts[5], now)
	return err
}

// quarantined gives the records of a batch that were refused when it was
// loaded: whoever asks again may not have heard of them.
func (db *DB) quarantined(ctx context.Context, tx tx, b weir.Batch) ([]weir.Reject, error) {
	var out []weir.Reject
	err := tx.query(ctx, `SELECT record_key, reason, record FROM `+db.engine.table(quarantineTable)+`
		WHERE dataset = $1 AND log = $2 AND position > $3 AND position <= $4 ORDER BY position`,
		[]any{b.Dataset, b.Log, int64(b.From), int64(b.To)}, func(scan func(...any) error) error {
			r := weir.Reject{Stage: "load"}
			var record string
			err := scan(&r.Key, &r.Reason, &record)
			r.Original = []byte(record)
			out = append(out, r)
			return err
		})
	return out, err
}

// describe writes a change's root row as a JSON object for people to look at.
func (l *loading) describe(c weir.Change) string {
	values := map[string]any{}
	for i, v := range c.RootKey {
		if i < len(l.batch.Layout.Tables[0].Key) {
			values[l.batch.Layout.Tables[0].Key[i]] = v
		}
	}
	if len(c.Rows) > 0 && len(c.Rows[0]) > 0 {
		for i, v := range c.Rows[0][0] {
			if i < len(l.batch.Layout.Tables[0].Columns) {
				values[l.batch.Layout.Tables[0].Columns[i].Name] = v
			}
		}
	}
	options := json.JoinOptions(json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	out, err := json.Marshal(values, options)
	if err != nil { // NaN and other values that JSON does not have
		for name, v := range values {
			if _, isText := v.(string); !isText && v != nil {
				values[name] = fmt.Sprint(v)
			}
		}
		if out, err = json.Marshal(values, options); err != nil {
			return "{}"
		}
	}
	return string(out)
}
