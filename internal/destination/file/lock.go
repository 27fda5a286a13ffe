package file

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/weirhq/weir"
)

// lockPatience is how long one process waits for another's batch.
const lockPatience = 30 * time.Second

// lock implements volume. Closing the file gives the lock back.
func (d *disk) lock(ctx context.Context, dir string) (io.Closer, error) {
	f, err := d.root.OpenFile(dir+"/LOCK", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	giveUp := time.NewTimer(lockPatience)
	defer giveUp.Stop()
	for {
		got, err := tryLock(f)
		if got {
			return f, nil
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-giveUp.C:
			_ = f.Close()
			return nil, &weir.Error{Code: weir.CodeConflict, Message: "another process is writing this dataset",
				Remedy: "Wait until it is done, or choose another directory"}
		case <-time.After(5 * time.Millisecond):
		}
	}
}
