/* --show: a picture in the terminal that one sits at, where it can draw, else in a window. */
#pragma once

#include "../graph/error.h"

/* Shows a PNG inline by the protocol of the terminal (kitty's, iTerm2's, or sixel through the tool
 * img2sixel), other formats and other terminals by xdg-open, which is started and not waited for.
 * Exit code 1 where there is neither. */
_must_check_ struct hg_error *show_picture(const char *path);
