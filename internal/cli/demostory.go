package cli

import "path/filepath"

// story plays the journey on the command line: read everything, change the
// source, read the changes, sweep, and show what lies in the tables.
func (d *demo) story() error {
	d.say("\n1. Read everything the key can read into SQLite:")
	if err := d.sync(false); err != nil {
		return err
	}
	d.say("\n2. In the account, people book, move, cancel and miss meetings; two bookings are deleted. Read what changed:")
	d.sim.Mutate(demoChanges)
	if err := d.sync(false); err != nil {
		return err
	}
	d.say("\n3. Some changes never touch a booking's time of change. A sweep reads everything again and finds them:")
	if err := d.sync(true); err != nil {
		return err
	}
	path := filepath.Join(d.dir, "cal.db")
	d.say("\nWhat lies in %s now:", path)
	if err := showTables(d.ctx, d.Stdout, path); err != nil {
		return err
	}
	if err := showReport(d.ctx, d.Stdout, path); err != nil {
		return err
	}
	d.cost("three syncs")
	d.say("Look around: sqlite3 %s   With your own key: CAL_API_KEY=cal_live_… weir sync --to sqlite:cal.db", path)
	return nil
}

// sync runs the very command a user would, with the simulator's key.
func (d *demo) sync(full bool) error {
	inside := *d.session
	inside.Getenv = func(name string) string {
		if name == keyVariable {
			return d.sim.Keys()[0].Key
		}
		return d.session.Getenv(name)
	}
	command := syncCommand{
		sourceFlags: sourceFlags{From: "calcom", BaseURL: d.base, RateLimit: 120, Data: filepath.Join(d.dir, demoData)},
		To:          "sqlite:" + filepath.Join(d.dir, "cal.db"), FullRefresh: full, Calm: !d.Interactive,
	}
	return command.Run(&inside)
}
