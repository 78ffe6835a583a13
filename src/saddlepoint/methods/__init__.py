"""The iterations, one idea a file. `METHODS` is the list that the command line and the shared test suite read."""

from saddlepoint.core import Method
from saddlepoint.methods.adaptive_extragradient import AdaptiveExtragradient
from saddlepoint.methods.agraal import Agraal
from saddlepoint.methods.alex import Alex
from saddlepoint.methods.alternating import Alternating
from saddlepoint.methods.anchored import Anchored
from saddlepoint.methods.anchored_popov import AnchoredPopov
from saddlepoint.methods.averaged import Averaged
from saddlepoint.methods.competitive import Competitive
from saddlepoint.methods.consensus import Consensus
from saddlepoint.methods.curvature_extragradient import CurvatureExtragradient
from saddlepoint.methods.double_extragradient import DoubleExtragradient
from saddlepoint.methods.extragradient import Extragradient
from saddlepoint.methods.extragradient_plus import ExtragradientPlus
from saddlepoint.methods.extrapolated import Extrapolated
from saddlepoint.methods.gap_aware import GapAware
from saddlepoint.methods.heavy_ball import HeavyBall
from saddlepoint.methods.lead import Lead
from saddlepoint.methods.lookahead import Lookahead
from saddlepoint.methods.nested_lookahead import NestedLookahead
from saddlepoint.methods.nesterov import Nesterov
from saddlepoint.methods.optimistic import Optimistic
from saddlepoint.methods.optimistic_adam import OptimisticAdam
from saddlepoint.methods.proximal import Proximal
from saddlepoint.methods.ridge import Ridge
from saddlepoint.methods.runge_kutta import RungeKutta
from saddlepoint.methods.schedule_free import ScheduleFree
from saddlepoint.methods.simultaneous import Simultaneous
from saddlepoint.methods.stackelberg import Stackelberg
from saddlepoint.methods.svre import SVRE
from saddlepoint.methods.symplectic import Symplectic
from saddlepoint.methods.unrolled import Unrolled

METHODS: dict[str, type[Method]] = {
    "simultaneous": Simultaneous,
    "alternating": Alternating,
    "extragradient": Extragradient,
    "optimistic": Optimistic,
    "lookahead": Lookahead,
    "averaged": Averaged,
    "alex": Alex,
    "double-extragradient": DoubleExtragradient,
    "heavy-ball": HeavyBall,
    "nesterov": Nesterov,
    "consensus": Consensus,
    "symplectic": Symplectic,
    "competitive": Competitive,
    "unrolled": Unrolled,
    "anchored": Anchored,
    "runge-kutta": RungeKutta,
    "lead": Lead,
    "extrapolated": Extrapolated,
    "agraal": Agraal,
    "svre": SVRE,
    "proximal": Proximal,
    "ridge": Ridge,
    "gap-aware": GapAware,
    "schedule-free": ScheduleFree,
    "extragradient-plus": ExtragradientPlus,
    "curvature-extragradient": CurvatureExtragradient,
    "adaptive-extragradient": AdaptiveExtragradient,
    "anchored-popov": AnchoredPopov,
    "nested-lookahead": NestedLookahead,
    "stackelberg": Stackelberg,
    "optimistic-adam": OptimisticAdam,
}

__all__ = [
    "METHODS",
    "SVRE",
    "AdaptiveExtragradient",
    "Agraal",
    "Alex",
    "Alternating",
    "Anchored",
    "AnchoredPopov",
    "Averaged",
    "Competitive",
    "Consensus",
    "CurvatureExtragradient",
    "DoubleExtragradient",
    "Extragradient",
    "ExtragradientPlus",
    "Extrapolated",
    "GapAware",
    "HeavyBall",
    "Lead",
    "Lookahead",
    "NestedLookahead",
    "Nesterov",
    "Optimistic",
    "OptimisticAdam",
    "Proximal",
    "Ridge",
    "RungeKutta",
    "ScheduleFree",
    "Simultaneous",
    "Stackelberg",
    "Symplectic",
    "Unrolled",
]
