package cloudmetrics

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	secretPrefix     = "whsec_"
	defaultTolerance = 5 * time.Minute
)

// ErrSignatureInvalid says that a webhook's signature is missing, wrong, or older than is tolerated.
var ErrSignatureInvalid = errors.New("cloudmetrics: the webhook is not to be trusted")

// Webhooks tells whether a webhook is from CloudMetrics, by either of its signatures: Standard Webhooks'
// webhook-signature, or X-Signature.
type Webhooks struct {
	// Secret is the channel's, as it was shown when the channel was made.
	Secret string
	// Tolerance is how old a webhook may be, and how far ahead of this clock; 5 minutes where it is 0.
	Tolerance time.Duration
	// Now is the clock, time.Now where it is nil.
	Now func() time.Time
}

// Verify gives the body of a webhook once its signature is right. body is as it arrived, before anybody
// parsed it. The same event can arrive twice: its id tells. It fails with ErrSignatureInvalid, or with an
// ArgumentError where the secret is none.
func (w Webhooks) Verify(body []byte, header http.Header) (json.RawMessage, error) {
	id, timestamp := header.Get("Webhook-Id"), header.Get("Webhook-Timestamp")
	if id == "" || timestamp == "" {
		return nil, invalid("the headers webhook-id and webhook-timestamp are needed")
	}
	if err := w.inTime(timestamp); err != nil {
		return nil, err
	}
	genuine, err := w.signed(slices.Concat([]byte(id+"."+timestamp+"."), body), header)
	if err != nil {
		return nil, err
	}
	if !genuine {
		return nil, invalid("no signature is right for this body and this secret")
	}
	if !json.Valid(body) {
		return nil, invalid("the body is signed, but no JSON")
	}
	return body, nil
}

// signed says whether one of the signatures is right: while a secret is being changed, there are several.
// X-Signature is made with the secret as it is shown, Standard Webhooks' with the bytes that it stands for.
func (w Webhooks) signed(message []byte, header http.Header) (bool, error) {
	if w.Secret == "" {
		return false, &ArgumentError{Message: "a secret is needed to verify webhooks"}
	}
	scheme, signature, _ := strings.Cut(header.Get("X-Signature"), "=")
	expected := hex.EncodeToString(digest([]byte(w.Secret), message))
	if scheme == "sha256" && hmac.Equal([]byte(strings.ToLower(signature)), []byte(expected)) {
		return true, nil
	}
	signatures := strings.Fields(header.Get("Webhook-Signature"))
	if len(signatures) == 0 {
		return false, nil
	}
	key, err := w.key()
	if err != nil {
		return false, err
	}
	standard := "v1," + base64.StdEncoding.EncodeToString(digest(key, message))
	return slices.ContainsFunc(signatures, func(each string) bool {
		return hmac.Equal([]byte(each), []byte(standard))
	}), nil
}

func digest(key, message []byte) []byte {
	mac := hmac.New(sha256.New, key)
	// A hash takes whatever it is given.
	mac.Write(message)
	return mac.Sum(nil)
}

// key is Standard Webhooks' key: base64 after whsec_, and else the text itself, as its owner chose it.
func (w Webhooks) key() ([]byte, error) {
	encoded, isEncoded := strings.CutPrefix(w.Secret, secretPrefix)
	if !isEncoded {
		return []byte(w.Secret), nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, &ArgumentError{Message: "the secret is not whole: what follows whsec_ is no base64"}
	}
	return key, nil
}

func (w Webhooks) inTime(timestamp string) error {
	seconds, err := strconv.ParseUint(timestamp, 10, 62)
	if err != nil {
		return invalid("webhook-timestamp is no number of seconds")
	}
	now, tolerance := time.Now, w.Tolerance
	if w.Now != nil {
		now = w.Now
	}
	if tolerance == 0 {
		tolerance = defaultTolerance
	}
	if now().Sub(time.Unix(int64(seconds), 0)).Abs() > tolerance {
		return invalid("it is too old, or one of the clocks is wrong")
	}
	return nil
}

func invalid(why string) error { return fmt.Errorf("%w: %s", ErrSignatureInvalid, why) }
