package simulator

import (
	"strings"
	"time"
)

func keyRoutes() []route {
	return []route{post("/v2/api-keys/refresh", authRequired, (*call).refreshKey).answersOK()}
}

var refreshInput = input{
	optional("apiKeyDaysValid", isInt, least(1)),
	optional("apiKeyNeverExpires", isBool),
}

// refreshKey gives a new key for the one that asks, which is dead at once.
func (c *call) refreshKey() *answer {
	in, refusal := c.read(refreshInput)
	if refusal != nil {
		return refusal
	}
	days, hasDays := in.number("apiKeyDaysValid")
	never := in.flag("apiKeyNeverExpires")
	if hasDays && never {
		return c.fail(400, "ApiKeysService -Cannot set both apiKeyDaysValid and apiKeyNeverExpires. It has to be either or none of them.")
	}
	next := c.key
	next.Expires = expiry(c.now, int(min(days, 36500)))
	if never {
		next.Expires = time.Time{}
	}
	prefix := keyPrefix
	if strings.HasPrefix(c.token, liveKeyPrefix) {
		prefix = liveKeyPrefix
	}
	c.sim.keyring.revoke(keyHash(c.token), c.now)
	token := c.sim.keyring.issue(prefix, next)
	return c.ok(object{{"apiKey", token}})
}
