"""The staff pages: signing in, the queue, a case, the telephone intake, one's own tasks."""

from __future__ import annotations

from api.access import Router
from api.pages import (
    account,
    account_access,
    errands,
    exports,
    notices,
    patrol_shell,
    reports,
    staff_board,
    staff_case,
    staff_enrol,
    staff_identity,
    staff_intake,
    staff_provider,
    staff_queue,
    staff_registered,
    staff_sign_in,
    staff_tasks,
    staff_urge,
    staff_venue_code,
    venue_documents,
    venue_edit,
    venue_facilities,
    venue_parts,
    venue_patrol_plans,
    venue_patrols,
    venue_posts,
    venue_rosters,
    venues,
)

router = Router(include_in_schema=False)
# The intake stands before the case page: /cases/new is no case's number. So do the forms before the venue's page.
for part in (staff_sign_in, staff_queue, staff_urge, staff_board, notices, reports, staff_intake, staff_registered,
             staff_enrol, staff_case, staff_tasks, errands, staff_identity, staff_provider, account, account_access,
             staff_venue_code, venue_edit, venue_posts, venue_parts, venue_facilities, venue_documents, venues,
             venue_patrols, venue_patrol_plans, venue_rosters, exports, patrol_shell):  # fmt: skip
    router.routes.extend(part.router.routes)
